#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "messages/actors.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

struct gap_keeper_parts {
  std::shared_ptr<live_store> gaps;
  std::shared_ptr<run_store> runs; ///< where repairs are requested
  std::function<instant()> now;
  std::function<void()> tick = [] {};          ///< called every two seconds
  std::function<void()> look_for_work = [] {}; ///< a run was requested
  std::function<void(const live_counts&)> report = [](const live_counts&) {};
};

/// Serves live_store; blocks, so it is detached. Every two seconds it tells the store in one statement what is known to be heard, and
/// requests the repairs that are owed: one at a time for each connection, over the union of its gaps. Holds nothing that the store
/// does not, but proofs of the last two seconds: without them a gap begins so much earlier.
struct gap_keeper_state {
  static constexpr const char* name = "lode.gap-keeper";
  static constexpr std::chrono::seconds interval{2};
  static constexpr size_t repairs_at_once = 100;
  static constexpr size_t rechecks_at_once = 100; ///< of one connection
  /// Where gaps come faster than they settle, what is older than this is repaired without those that came since.
  static constexpr std::chrono::seconds longest_delay{30};
  /// A repair that did not repair is tried again after this, doubled each time.
  static constexpr std::chrono::seconds first_retry{5};
  static constexpr std::chrono::minutes longest_retry{10};

  gap_keeper_state(gap_keeper_actor::pointer self, gap_keeper_parts parts);
  gap_keeper_actor::behavior_type make_behavior();

  caf::result<gaps_owed> begin(const begin_listening& ask);
  void work();
  void prove();
  void request_repairs();
  /// Whether a run that begins now would read all of it, or enough.
  bool is_ripe(const owed_repair& repair, instant now) const;
  void order_rechecks();
  void sweep();
  std::vector<connection_id> connections_to_recheck();

  gap_keeper_actor::pointer self;
  gap_keeper_parts parts;
  std::map<connection_id, health_proof> proofs; ///< not told yet
  struct repair_retry {
    int32_t failures = 0; ///< that are known
    instant not_before{};
  };
  std::map<connection_id, repair_retry> retries; ///< of what is owed
  struct known_capture {
    caf::weak_actor_ptr actor;
    std::chrono::microseconds settles{0}; ///< so long after the end of a gap its repair begins
    std::optional<std::chrono::microseconds> sweep_every{}; ///< its losses cannot be seen
    instant next_sweep{};
  };
  std::map<connection_id, known_capture> captures; ///< who listens
  uint64_t idle_rounds = 0; ///< without anybody who does
};
using gap_keeper = gap_keeper_actor::stateful_impl<gap_keeper_state>;

} // namespace lode
