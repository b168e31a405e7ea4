#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/records.hpp"
#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/record_maker.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// How what one listener of one connection hears becomes events. Immutable, shared by threads; made anew with the connection.
class event_rules {
public:
  /// `live` is an index into source->live; `wanted` says by index in the plan which streams the connection captures.
  /// Fails with errc::bad_source: a template cannot be evaluated, or the steps of a stream change its key, by which the API
  /// would not know the record.
  static caf::expected<event_rules> make(source_plan_pointer source, size_t live, expression::value config,
                                         const std::vector<bool>& wanted, uint64_t hash_seed, instant now);

  const live_plan& plan() const { return source_->live[live_]; }

private:
  friend class message_pass;
  friend class event_mapper;
  struct stream_rules {
    size_t stream;                        ///< index in the plan
    ignored_fields ignored;
    std::vector<const live_rule*> whole;  ///< rules of messages that are one event, in their order
    std::vector<std::vector<const live_rule*>> listed; ///< the same of each of `lists`
  };

  source_plan_pointer source_;
  size_t live_ = 0;
  expression::value config_;
  uint64_t hash_seed_ = 0;
  std::vector<field_path> lists_;      ///< where messages may hold lists of events
  std::vector<stream_rules> streams_;  ///< only those that are captured
  std::optional<live_condition> account_; ///< of a webhook: events of others are none of this connection's
  bool shows_payload_ = true;          ///< no stream has steps, which may be there to take secrets out
};

/// One message as it was received.
struct live_message {
  std::string_view text;
  const std::vector<http_header>& headers; ///< of a webhook's request; else empty
  instant received{};                      ///< for `now_utc()` in templates
};

enum class event_operation : uint8_t {
  upsert, ///< the record is now as `record` says
  remove, ///< it is gone; of `record` key and order_field are set (0: the event tells no order)
  doubt,  ///< it changed, nobody has said to what: of `record` the key is set, it is to be fetched again
};

struct mapped_event {
  size_t stream = 0; ///< index in the plan
  event_operation what = event_operation::doubt;
  hashed_record record;
};

struct dead_event {
  size_t stream = 0;
  dead_record record;
};

/// What a message says.
struct mapped_message {
  std::vector<mapped_event> events; ///< in their order
  std::vector<dead_event> dead;     ///< what could not be used; the reason names the rule
  std::string event_id;             ///< of the last event that has one
  uint32_t ignored = 0;             ///< events that no rule fits
  uint32_t filtered = 0;            ///< records that are none: the source's filter or a step left them out
  uint32_t foreign = 0;             ///< events of another account
};

/// Turns messages into events. Never fails: what is wrong with a message is told in it. Keeps scratch memory: one per thread,
/// for all connections.
class event_mapper {
public:
  mapped_message map(const event_rules& rules, const live_message& message);

private:
  json_document document_;
  record_scratch scratch_;
};

/// A date of this format tells no more than its whole multiples of so much: a delete that is ordered by a finer clock than the
/// stream's records would hide a record that came back within the same second.
std::chrono::microseconds order_resolution(std::string_view format);

} // namespace lode
