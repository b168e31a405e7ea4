#pragma once

#include <optional>

#include "runtime/exit_code.hpp"
#include "runtime/node/live_control.hpp"
#include "runtime/node/mining_tree.hpp"
#include "runtime/node/stop_signals.hpp"
#include "runtime/node/store_watch.hpp"

namespace lode {

/// What all lives of a node's process share.
struct life_parts {
  caf::actor_system& system;
  mining_resources& resources;
  live_control& control;
  store_watch& watch;
  stop_signals& signals;
};

/// One life of the node, from its entry into the store until it is over: joins, mines, and when it is told to stop gives its shards
/// to other nodes, within cluster.drain_timeout, and leaves; a second signal cuts that short. Ends the process itself when it
/// cannot stop in time. Nothing: other nodes have declared this life gone; everything of it has been dropped, and the next one may
/// begin.
std::optional<exit_code> live(life_parts& parts);

} // namespace lode
