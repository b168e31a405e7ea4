#pragma once

#include <functional>

#include "messages/actors.hpp"

namespace caf {
class actor_system;
}

namespace lode {

struct mining_resources;

/// The actors of a life that other nodes have to do with. In the order in which they stop.
struct cluster_actors {
  peer_links_actor links; ///< nothing where cluster.listen is not set
  tenant_router_actor router;
  successor_actor successor; ///< nothing where cluster.listen is not set: nobody could be told
  shard_keeper_actor keeper;
  membership_actor membership; ///< the last of all: it holds the lease
};

/// Those that mine and that the cluster's tell what is theirs.
struct mining_actors {
  timers_actor timers;
  run_keeper_actor keeper;
  shard_region_actor region;
  scheduler_actor scheduler;
  std::function<successor_actor(std::function<void(const successor_ready&)> tell_owner)> make_successor;
};

cluster_actors spawn_cluster(caf::actor_system& system, mining_resources& resources, const mining_actors& mining);

} // namespace lode
