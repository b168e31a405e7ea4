#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// How nodes share a budget: as turns of one timetable, which Redis hands out in slices.
namespace lode {

enum class lease_step : uint8_t {
  look,  ///< is Redis there? Changes nothing
  join,  ///< from now on this node takes its turns from Redis alone
  go_on, ///< the same as before
};

/// What this node could use of one budget.
struct turns_wanted {
  std::string budget;
  uint32_t requests = 0;             ///< of the budget, for all nodes
  std::chrono::nanoseconds span{0};  ///< so many turns fill it
  std::chrono::nanoseconds grace{0}; ///< a turn may be used so long after its time
  uint32_t count = 0;
  uint32_t others = 0; ///< timetables of it besides one that may have been in use within `span`: what Redis, emptied, forgot
};

/// No request of `budget` before `until`, of this node's clock.
struct shared_pause {
  std::string budget;
  std::chrono::steady_clock::time_point until{};
};

/// Asks for slices. Without effect when Redis comes to it after `not_after`.
struct lease_turns {
  lease_step step = lease_step::look;
  uint32_t nodes = 1; ///< that may be using the budgets, with and without Redis
  std::chrono::steady_clock::time_point not_after{};
  std::vector<turns_wanted> wanted;
  std::vector<shared_pause> pauses; ///< news for the others
};

/// Turns `spacing` apart, each to be used from its time on for `usable`. By this node's clock, on the safe side.
struct turn_slice {
  std::string budget;
  uint32_t count = 0;
  std::chrono::steady_clock::time_point first{};
  std::chrono::nanoseconds spacing{0};
  std::chrono::nanoseconds usable{0};
};

struct turns_leased {
  std::vector<turn_slice> slices;   ///< one for each budget asked for, in that order; `count` may be 0
  std::vector<shared_pause> pauses; ///< all that hold
};

/// How nodes and Redis agree.
namespace turn_lease {
/// Turns are handed out so far ahead.
inline constexpr std::chrono::milliseconds lookahead{500};
/// Who was not heard of for so long takes no turns from Redis any more.
inline constexpr std::chrono::milliseconds presence{3'000};
} // namespace turn_lease

} // namespace lode
