#include "actors/streaming/listener_registry.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"
#include "actors/streaming/websocket_listener.hpp"

namespace lode {

listener_registry builtin_listeners() {
  return listener_registry{"listener", {{websocket_listener_name, [](caf::actor_system& system, listener_job job) -> listener_actor {
                                          return system.spawn<websocket_listener>(std::move(job));
                                        }}}};
}

listener_factory listeners_by_name(const listener_registry& known) {
  return [&known](caf::actor_system& system, listener_job job) {
    auto make = known.find(job.connection->plan->live[job.side].listener);
    if (!make)
      CAF_CRITICAL(message_of(make.error()).c_str());
    return (**make)(system, std::move(job));
  };
}

} // namespace lode
