#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/supervision/activity.hpp"
#include "messages/actors.hpp"
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

/// Makes the listener of one connection. Whatever it is made of speaks listener_actor.
using listener_factory = std::function<listener_actor(caf::actor_system&, listener_job)>;
using listener_registry = registry<listener_factory>;

/// websocket, webhook. Add listeners of your own with add().
listener_registry builtin_listeners();

/// Makes every job's listener by the name that its live side gives. `known` must outlive the result and hold the names that plans
/// were loaded with: another name is a defect and ends the process.
listener_factory listeners_by_name(const listener_registry& known);

} // namespace lode
