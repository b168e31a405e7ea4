#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "messages/runs.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// The share of dead records counts once so many records were seen: one of three is no pattern.
inline constexpr int64_t fewest_for_share = 1000;

/// Why a stream stops when so many of its records in one run could not be used, or nothing.
std::optional<std::string> why_too_many_dead(const dead_record_limits& limits, const stream_tally& tally);

/// The least number of further dead records that can bring the stream over a limit, at least 1: until then nobody needs to
/// look.
int64_t dead_records_to_go(const dead_record_limits& limits, const stream_tally& tally);

} // namespace lode
