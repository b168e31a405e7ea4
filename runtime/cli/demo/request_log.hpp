#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace lode::demo {

/// What is asked of a request log. Instants are milliseconds of the simulated clock.
struct refetch_question {
  int64_t kill = 0;
  int64_t pass_began = 0;            ///< what was read before it belongs to another pass
  std::set<std::string> tenants = {}; ///< only theirs; empty = everybody's
};

/// Pages that were read whole in the pass before the kill and whole again at or after it, in a request log as the simulated
/// APIs write it (one JSON object per line). Lines that are no JSON are skipped.
int64_t count_refetched(std::string_view log, const refetch_question& asked);

} // namespace lode::demo
