#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/state_input.hpp"
#include "runtime/console/state_view.hpp"

namespace lode {

namespace {

caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto state = load_state(*connection, context);
  if (!state)
    return state.error();
  return json_response({{"tenant", connection->tenant_name},
                        {"connection", connection->name},
                        {"cursors", std::move(state->shown_cursors)},
                        {"anchors", std::move(state->shown_anchors)},
                        {"continuations", std::move(state->shown_continuations)}});
}

/// All or nothing; what is refused leaves everything as it was.
caf::expected<api_response> apply(const state_edit& edit, const connection_row& connection, api_context& context) {
  auto changed = context.stores.admin->edit_state(edit);
  if (!changed)
    return changed.error();
  if (*changed > 0)
    context.services.node->connection_changed(connection.tenant, connection.id);
  return json_response({{"set", *changed}});
}

caf::expected<api_response> change(const api_request& request, api_context& context) {
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto state = load_state(*connection, context);
  if (!state)
    return state.error();
  auto edit = read_state_edit(request.body, *connection, *state);
  if (!edit)
    return edit.error();
  return apply(*edit, *connection, context);
}

/// First cursors only: one that stands there came from what was read here, and is not replaced unseen.
caf::expected<state_edit> first_cursors(const std::vector<imported_cursor>& wanted, const connection_row& connection,
                                        const state_view& state) {
  state_edit edit{connection.id, {}, {}};
  std::string known;
  for (const auto& each : wanted) {
    auto stream = stream_called(each.stream, connection, state).value_or(stream_id{});
    auto stands = std::ranges::find_if(state.cursors, [&](const partition_cursor& cursor) {
      return cursor.stream == stream && cursor.partition == each.partition;
    });
    if (stands == state.cursors.end())
      edit.cursors.push_back({stream, each.partition, each.known_up_to, 0});
    else if (stands->known_up_to != each.known_up_to)
      known += (known.empty() ? "stream " : "; stream ") + each.stream + (each.partition.empty() ? "" : " ")
               + each.partition + ": found " + format_time(each.known_up_to) + ", but it is known up to "
               + format_time(stands->known_up_to);
  }
  if (known.empty())
    return edit;
  return caf::make_error(errc::conflict,
                         known + ". Only first cursors are taken over: set the known ones to null before");
}

/// The body is an Airbyte STATE as it stands in its file.
caf::expected<api_response> take_over_state(const api_request& request, api_context& context) {
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto source = context.stores.catalog->load_source(connection->source);
  if (!source)
    return source.error();
  auto wanted = context.services.read_airbyte_state(*connection, *source, request.body);
  if (!wanted)
    return wanted.error();
  auto state = load_state(*connection, context);
  if (!state)
    return state.error();
  auto edit = first_cursors(*wanted, *connection, *state);
  if (!edit)
    return edit.error();
  return apply(*edit, *connection, context);
}

} // namespace

void add_state_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/state", show);
  routes.add("PATCH", "/api/v1/tenants/{tenant}/connections/{connection}/state", change);
  routes.add("POST", "/api/v1/tenants/{tenant}/connections/{connection}/state/airbyte", take_over_state);
}

} // namespace lode
