#pragma once

#include <functional>
#include <string>

#include "messages/actors.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// What a listener is made for: the live capture of one connection.
struct listener_job {
  connection_pointer connection;
  std::string settings; ///< JSON object: how the source describes its live side
  listener_owner_actor owner;
  timers_actor timers;
};

/// Makes the listener of one connection. Whatever it is made of speaks listener_actor.
using listener_factory = std::function<listener_actor(caf::actor_system&, listener_job)>;
using listener_registry = registry<listener_factory>;

/// Lode brings none yet. Add listeners of your own with add().
inline listener_registry builtin_listeners() {
  return listener_registry{"listener"};
}

} // namespace lode
