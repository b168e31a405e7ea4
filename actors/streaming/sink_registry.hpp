#pragma once

#include <functional>
#include <string>

#include "messages/actors.hpp"
#include "runtime/registry.hpp"

namespace lode {

class component;
class http_client;

/// Who a sink works for and what it works with. What is pointed at outlives the actor.
struct sink_job {
  std::string sink; ///< its name
  std::string node; ///< of the node: each one has its own actor of the sink
  http_client* http = nullptr;
};

/// Spawns the actor of a sink; again when it has ended. One that does not end when it is told to is killed after a while.
using sink_spawner = std::function<sink_actor(caf::actor_system&, const sink_job&)>;

/// What a kind of sink is made from.
struct sink_request {
  const component& settings; ///< the map below the kind's name; mistakes are told with settings.error(message, key)
};

/// Reads the settings of one sink; the result is of no use after it has told of a mistake.
using sink_factory = std::function<sink_spawner(const sink_request&)>;
using sink_registry = registry<sink_factory>;

/// Lode brings none: see examples/. Add sinks of your own with add().
inline sink_registry builtin_sinks() {
  return sink_registry{"sink"};
}

} // namespace lode
