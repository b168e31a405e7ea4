#pragma once

#include <caf/expected.hpp>

#include "messages/records.hpp"
#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/record_maker.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// What a dead letter is read again with.
struct second_reading {
  const stream_plan& stream;
  const expression::value& config;
  bool is_of_run = true; ///< an event's may be the event, not the record
  instant now{};
  uint64_t hash_seed = 0;
};

/// The record that `dead` is for the source as it is now. errc::bad_argument says why it cannot be made use of now either: what is
/// wrong with it, or why it cannot be read without its page.
caf::expected<hashed_record> read_again(const dead_record& dead, const second_reading& with, record_scratch& scratch);

} // namespace lode
