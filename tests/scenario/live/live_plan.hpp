#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lode::test {

/// What can happen to nodes that listen and to the API that they listen to; `whom` names a node, or how sockets end.
enum class live_trouble : uint8_t {
  change,       ///< records are inserted, edited and deleted
  cut,          ///< some sockets end: drop, close, reset, half_open
  refuse,       ///< the next sockets are refused, or nobody answers them
  restart_apis, ///< SIGKILL, and started again
  order,        ///< somebody triggers runs
  kill,         ///< SIGKILL
  terminate,    ///< SIGTERM: a planned end; nobody waits for it
  drain,        ///< a planned move of all that a node has
  undrain,
  start,        ///< again, or for the first time: a node joins, and some move to it
};

struct live_step {
  std::chrono::milliseconds pause; ///< before it
  live_trouble what;
  std::string whom;
  friend bool operator==(const live_step&, const live_step&) = default;
};

/// `count` steps from `seed` alone, the same on each machine. Begins with n1, n2 and n3 up; others join, four at most. One node that is
/// not drained is up at any time.
std::vector<live_step> plan_live_trouble(uint32_t seed, size_t count);

std::string text_of(const std::vector<live_step>& plan);

} // namespace lode::test
