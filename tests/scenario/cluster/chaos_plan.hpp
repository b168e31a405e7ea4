#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace lode::test {

/// What can happen to a cluster; `node` names whom where it is one.
enum class trouble : uint8_t {
  kill,              ///< SIGKILL
  freeze,            ///< SIGSTOP
  thaw,              ///< SIGCONT, beyond the lease as a rule
  terminate,         ///< SIGTERM; nobody waits for the end
  start,             ///< again, or for the first time: a node joins
  fast_restart,      ///< of PostgreSQL
  immediate_restart, ///< of PostgreSQL
  everything,        ///< PostgreSQL and all nodes are killed at once, and all are started again, nodes first
  change,            ///< records change behind the APIs
  order,             ///< somebody triggers runs, of any node
};

struct chaos_step {
  std::chrono::milliseconds pause; ///< before it
  trouble what;
  std::string node;
  friend bool operator==(const chaos_step&, const chaos_step&) = default;
};

/// `count` steps from `seed` alone, the same on each machine. Begins with n1, n2 and n3 up; others join, five at most. What is named is
/// in a state in which that can happen to it; one node at least is up before and after each step, but for `everything`.
std::vector<chaos_step> plan_chaos(uint32_t seed, size_t count);

std::string text_of(const std::vector<chaos_step>& plan);

} // namespace lode::test
