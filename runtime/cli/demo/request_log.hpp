#pragma once

#include <cstdint>
#include <string_view>

namespace lode::demo {

/// Pages that were read whole before `instant` (simulated clock, milliseconds) and whole again at or after it, in a
/// request log of one pass as the simulated APIs write it (one JSON object per line). Lines that are no JSON are skipped.
int64_t count_refetched(std::string_view log, int64_t instant);

} // namespace lode::demo
