#pragma once

#include <memory>
#include <string>

#include "actors/supervision/activity.hpp"
#include "messages/actors.hpp"
#include "runtime/manifest/listener_kind.hpp"
#include "runtime/registry.hpp"

namespace lode {

struct mining_services; // actors/extraction/mining_services.hpp
struct live_services;   // actors/streaming/live_services.hpp

/// What a listener is made for: one live side of one connection.
struct listener_job {
  connection_pointer connection;
  uint32_t side = 0; ///< index in the plan's `live`, where its settings stand
  std::shared_ptr<const mining_services> services;
  std::shared_ptr<const live_services> live;
  listener_owner_actor owner;
  std::string after_event{}; ///< the latest one that is committed; "" = none is known. What followed it may be asked for again
};

/// Its line on the board.
work_line line_of(const listener_job& job, worker who, uint64_t actor);

/// websocket, webhook. Add listeners of your own with add().
listener_registry builtin_listeners();

/// Spawns the job's listener as its live side says. Of a kind that Lode does not bring it puts a line on the board that lasts as long
/// as the actor; the others do that themselves. Throws when there is no actor.
listener_actor spawn_listener(caf::actor_system& system, const listener_job& job);

} // namespace lode
