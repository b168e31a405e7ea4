#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Begins streams anew: all, or those that are named. What was mined stays.
caf::expected<api_response> reset(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto wanted = body.texts("streams");
  if (auto wrong = body.finish())
    return wrong;
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  std::vector<stream_id> streams;
  json::array names;
  for (const auto& stream : connection->streams)
    if (!wanted || std::ranges::find(*wanted, stream.name) != wanted->end()) {
      streams.push_back(stream.id);
      names.emplace_back(stream.name);
    }
  if (wanted)
    for (const auto& name : *wanted)
      if (std::ranges::find(connection->streams, name, &stream_row::name) == connection->streams.end())
        return caf::make_error(errc::not_found, "connection " + connection->name + " mines no stream " + name);
  auto cancelled = (*store)->reset(connection->id, streams, "the connection was reset by a person", {request.command});
  if (!cancelled)
    return cancelled.error();
  for (auto run : *cancelled)
    context.services.node->cancel_run(connection->tenant, connection->id, run);
  context.services.node->connection_changed(connection->tenant, connection->id);
  return json_response({{"streams", std::move(names)}, {"cancelled_runs", cancelled->size()}});
}

} // namespace

void add_reset_routes(router& routes) {
  routes.add("POST", "/api/v1/tenants/{tenant}/connections/{connection}/reset", reset);
}

} // namespace lode
