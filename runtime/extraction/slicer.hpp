#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <vector>

#include "messages/storage.hpp"
#include "messages/wire/continuation.pb.h"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// One slice: `bounds` are contiguous (each begins where the one before ends) and what the cursor moves over; `first`
/// is the state of its first page, with the bounds as requests name them (an inner slice ends one granularity earlier).
struct planned_slice {
  slice_bounds bounds;
  wire::continuation_state first;
};

struct slice_inputs {
  const expression::value& config;
  std::string_view partition;         ///< JSON text, "" for the only one
  std::optional<instant> cursor;      ///< known up to; absent: from the start
  instant now{};                      ///< node clock
  std::optional<instant> server_date; ///< the API's `Date` header, where one was seen
  std::optional<slice_bounds> span{}; ///< in place of what the cursor leads to: from here (not below the start) to there, and no more
};

/// The slices that a run has to read of one partition, oldest first, from the cursor minus lookback and settle time (not
/// below the start) to the end, at the latest min(now, server date) minus settle time. A stream
/// without a cursor has one whole slice; a window without length has none. Fails with errc::bad_source.
caf::expected<std::vector<planned_slice>> plan_slices(const stream_plan& stream, const slice_inputs& inputs);

/// The partitions that a stream begins with, as canonical JSON texts: {""} without routers, the product of list routers; none for a
/// sub-stream (its parents' pages open them).
caf::expected<std::vector<std::string>> initial_partitions(const stream_plan& stream, const expression::value& config,
                                                           instant now);

/// The `Date` header of a response.
std::optional<instant> read_http_date(std::string_view text);

} // namespace lode
