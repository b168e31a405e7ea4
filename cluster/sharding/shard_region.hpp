#pragma once

#include <functional>
#include <set>
#include <unordered_map>
#include <vector>

#include "messages/actors.hpp"

namespace lode {

/// What the region works with.
struct shard_region_parts {
  std::function<tenant_supervisor_actor(caf::actor_system&, tenant_id, shard_region_actor)> spawn;
  std::function<void(const tenant_lost&)> report_loss;
  timers_actor timers;
};

/// Delivers commands to the tenants of this node's shards: a supervisor is spawned with the first command and ends when it is
/// idle and nothing was sent to it meanwhile. One that ends by itself took along what it was told and what it ran: that is
/// reported as a loss. A supervisor that was told to leave takes nothing any more: what comes for its tenant waits until it has
/// ended, and then goes to another one or, when the shard has left, back.
///
///   owned ── vacate_shards ──▶ its tenants finish their pages ──▶ the last supervisor has ended: shards_vacated
///                                   └─ patience is over ──▶ they end at once ──▲
struct shard_region_state {
  static constexpr const char* name = "lode.shard-region";

  shard_region_state(shard_region_actor::pointer self, shard_region_parts parts);
  shard_region_actor::behavior_type make_behavior();

  /// Told of the outcome of a command; nothing where nobody waits.
  using answer = std::function<void(const caf::error&)>;
  struct waiting_command {
    tenant_command command;
    answer done;
  };
  struct resident {
    tenant_supervisor_actor supervisor;
    uint64_t commands = 0;
    bool is_leaving = false;
    std::vector<waiting_command> waiting; ///< until it has left
  };
  struct vacancy {
    caf::strong_actor_ptr asker;
    uint64_t round = 0; ///< of the order: its patience is a timer of this token
  };

  bool is_owned(tenant_id tenant) const;
  bool is_heard_here(const tenant_command& msg) const;
  void hand_over(tenant_command command, answer done);
  resident& resident_of(tenant_id tenant);
  void leave(resident& tenant, std::chrono::milliseconds for_successor = {});
  void end_at_once(shard_id shard);
  void vacate(const vacate_shards& order, const caf::strong_actor_ptr& asker);
  void lose(const shards_lost& msg);
  void impatient(uint64_t round);
  void ended(const caf::down_msg& down);
  void tell_vacated(const caf::strong_actor_ptr& asker, std::vector<shard_id> shards);

  shard_region_actor::pointer self;
  shard_region_parts parts;
  std::set<shard_id> owned;
  std::unordered_map<tenant_id, resident> residents;
  std::unordered_map<caf::actor_id, tenant_id> tenants; ///< by supervisor
  std::unordered_map<shard_id, std::set<tenant_id>> at_work; ///< those with a supervisor
  std::unordered_map<shard_id, vacancy> leaving;
  uint64_t rounds = 0;
};
using shard_region = shard_region_actor::stateful_impl<shard_region_state>;

} // namespace lode
