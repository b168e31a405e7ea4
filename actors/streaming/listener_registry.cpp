#include "actors/streaming/listener_registry.hpp"

#include <caf/all.hpp>

#include <stdexcept>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/webhook_listener.hpp"
#include "actors/streaming/websocket_listener.hpp"

namespace lode {

namespace {

template <class Listener>
listener_actor spawn_builtin(caf::actor_system& system, const listener_job& job) {
  return system.spawn<Listener>(job);
}

} // namespace

work_line line_of(const listener_job& job, worker who, uint64_t actor) {
  const auto& connection = *job.connection;
  work_line line{who, connection.tenant, connection.connection, connection.connection_name, job.side + 1};
  line.actor = actor;
  if (who == worker::listener)
    line.kind = connection.plan->live[job.side].listener;
  return line;
}

listener_registry builtin_listeners() {
  return listener_registry{"listener",
                           {{websocket_listener_name,
                             [](const listener_request& asked) {
                               return made_listener{spawn_builtin<websocket_listener>, read_websocket(asked.settings)};
                             }},
                            {webhook_listener_name, [](const listener_request& asked) {
                               return made_listener{spawn_builtin<webhook_listener>, read_webhook(asked.settings)};
                             }}}};
}

listener_actor spawn_listener(caf::actor_system& system, const listener_job& job) {
  const auto& side = job.connection->plan->live[job.side];
  auto listener = side.made ? side.made->spawn(system, job) : listener_actor{};
  if (!listener)
    throw std::runtime_error{"the listener " + side.listener + " of " + job.connection->connection_name + " was not spawned"};
  if (side.listener == websocket_listener_name || side.listener == webhook_listener_name)
    return listener;
  auto shown = std::make_shared<activity_board::entry>(
    enter(job.services->board, line_of(job, worker::listener, listener.id())));
  shown->does(doing::waits);
  caf::actor_cast<caf::abstract_actor*>(listener)->attach_functor([shown] { *shown = {}; });
  return listener;
}

} // namespace lode
