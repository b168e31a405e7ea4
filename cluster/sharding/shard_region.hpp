#pragma once

#include <functional>
#include <unordered_map>

#include "messages/actors.hpp"

namespace lode {

/// Delivers commands to tenants by id. On one node every tenant is local: its supervisor is spawned with its first command
/// and ends when it is idle and nothing was sent to it meanwhile. One that ends by itself took along what it was told and
/// what it ran: that is reported as a loss.
struct shard_region_state {
  static constexpr const char* name = "lode.shard-region";
  using spawn_supervisor = std::function<tenant_supervisor_actor(caf::actor_system&, tenant_id, shard_region_actor)>;
  using report_loss = std::function<void(const tenant_lost&)>;

  shard_region_state(shard_region_actor::pointer self, spawn_supervisor spawn, report_loss report);
  shard_region_actor::behavior_type make_behavior();

  struct resident {
    tenant_supervisor_actor supervisor;
    uint64_t commands = 0;
  };
  resident& resident_of(tenant_id tenant);
  void ended(const caf::down_msg& down);

  shard_region_actor::pointer self;
  spawn_supervisor spawn;
  report_loss report;
  std::unordered_map<tenant_id, resident> residents;
};
using shard_region = shard_region_actor::stateful_impl<shard_region_state>;

} // namespace lode
