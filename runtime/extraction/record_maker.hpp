#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/records.hpp"
#include "runtime/expression/context.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Memory that is kept from record to record: one per thread.
struct record_scratch {
  canonical_writer canonical;
  json_document changed; ///< the record after its transformations
  json_document stepped; ///< ... and after its steps
  std::string changed_text;
  std::string stepped_text;
};

/// What transformations and steps make of a record as it was received.
struct shaped_record {
  enum class fate : uint8_t {
    kept,
    filtered, ///< by the source's record filter
    dropped,  ///< by a step
    dead,     ///< it cannot be used; `reason` says why
  };
  fate what = fate::kept;
  json_node before_steps{};      ///< the object that the API sent, transformed; nothing when it did not come so far
  json_node record{};            ///< what is stored of it, if it is kept; both valid until the next one is shaped
  std::string reason{};
  std::string_view shown{};      ///< what a dead letter may show of it
};

/// Makes a stored record of one that an API sent, in a page or in an event: the only place that does, so that both make the same.
/// References must outlive it.
class record_maker {
public:
  record_maker(const stream_plan& stream, const ignored_fields& ignored, uint64_t hash_seed, record_scratch& scratch)
      : stream_(stream), ignored_(ignored), hash_seed_(hash_seed), scratch_(scratch) {}

  /// `names` (config, stream_slice) are used only where changes_records(stream).
  shaped_record shape(json_node received, expression::context& names);
  /// Reads key (where the stream has one) and ordering field; says what is wrong with them, or nothing. A good key is set
  /// even where the ordering field is bad.
  std::string identify(json_node record, hashed_record& into) const;
  content_hash hash(json_node record);

  /// What a dead letter may show of a record that has been shaped: what steps left, for they may be there to take secrets out.
  std::string_view showable(json_node received, json_node record) const {
    return stream_.lode.steps.empty() ? received.raw() : record.raw();
  }

private:
  shaped_record dead(json_node received, std::string reason) const;
  shaped_record take_through_steps(json_node record, json_node received);

  const stream_plan& stream_;
  const ignored_fields& ignored_;
  uint64_t hash_seed_;
  record_scratch& scratch_;
};

} // namespace lode
