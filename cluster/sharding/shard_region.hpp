#pragma once

#include <functional>
#include <unordered_map>

#include "messages/actors.hpp"

namespace lode {

/// Delivers commands to tenants by id. On one node every tenant is local: its supervisor is spawned with its first command
/// and ends when it is idle and nothing was sent to it meanwhile.
struct shard_region_state {
  static constexpr const char* name = "lode.shard-region";
  using spawn_supervisor = std::function<tenant_supervisor_actor(caf::actor_system&, tenant_id, shard_region_actor)>;

  shard_region_state(shard_region_actor::pointer self, spawn_supervisor spawn);
  shard_region_actor::behavior_type make_behavior();

  struct resident {
    tenant_supervisor_actor supervisor;
    uint64_t commands = 0;
  };
  resident& resident_of(tenant_id tenant);

  shard_region_actor::pointer self;
  spawn_supervisor spawn;
  std::unordered_map<tenant_id, resident> residents;
};
using shard_region = shard_region_actor::stateful_impl<shard_region_state>;

} // namespace lode
