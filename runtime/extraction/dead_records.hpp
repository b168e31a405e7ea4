#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/runs.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// The share of dead records counts once so many records were seen: one of three is no pattern.
inline constexpr int64_t fewest_for_share = 1000;

/// So much is kept of what could not be used.
inline constexpr size_t max_dead_payload = 64 * 1024;

/// The first `most` bytes, less what a character's border asks for.
std::string cut_text(std::string_view text, size_t most);

/// Why a stream stops when so many of its records in one run could not be used, or nothing.
std::optional<std::string> why_too_many_dead(const dead_record_limits& limits, const stream_tally& tally);

/// The least number of further dead records that can bring the stream over a limit, at least 1: until then nobody needs to
/// look.
int64_t dead_records_to_go(const dead_record_limits& limits, const stream_tally& tally);

} // namespace lode
