#pragma once

#include <functional>
#include <string>

#include "messages/actors.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// What a sink is made for: one target that changes are delivered to.
struct sink_job {
  std::string name;     ///< of the target; its feed cursor is kept under it
  std::string settings; ///< JSON object
  timers_actor timers;
};

/// Makes one sink. Whatever it is made of speaks sink_actor.
using sink_factory = std::function<sink_actor(caf::actor_system&, sink_job)>;
using sink_registry = registry<sink_factory>;

/// Lode brings none yet. Add sinks of your own with add().
inline sink_registry builtin_sinks() {
  return sink_registry{"sink"};
}

} // namespace lode
