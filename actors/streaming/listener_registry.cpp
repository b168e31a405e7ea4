#include "actors/streaming/listener_registry.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"
#include "actors/streaming/webhook_listener.hpp"
#include "actors/streaming/websocket_listener.hpp"

namespace lode {

namespace {

template <class Listener>
listener_actor spawn_listener(caf::actor_system& system, listener_job job) {
  return system.spawn<Listener>(std::move(job));
}

} // namespace

work_line line_of(const listener_job& job, worker who, uint64_t actor) {
  const auto& connection = *job.connection;
  work_line line{who, connection.tenant, connection.connection, connection.connection_name, job.side + 1};
  line.actor = actor;
  return line;
}

listener_registry builtin_listeners() {
  return listener_registry{"listener", {{websocket_listener_name, spawn_listener<websocket_listener>},
                                        {webhook_listener_name, spawn_listener<webhook_listener>}}};
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
