#include <boost/json.hpp>

#include "runtime/console/live_view.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Latest first.
caf::expected<api_response> gaps(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 100, 1'000);
  auto before = request.query_number("before", 0, INT64_MAX);
  if (!limit || !before)
    return !limit ? limit.error() : before.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto rows = context.stores.admin->list_gaps(connection->id, static_cast<int64_t>(*before), *limit);
  if (!rows)
    return rows.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back(shown_gap(row, *connection));
  auto is_full = rows->size() == *limit;
  return json_response({{"gaps", std::move(items)}, {"next", is_full ? json::value(rows->back().id) : nullptr}});
}

/// The most urgent first. They come and go by the second, so there are no pages of them.
caf::expected<api_response> rechecks(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 100, 1'000);
  if (!limit)
    return limit.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto rows = context.stores.admin->list_rechecks(connection->id, *limit);
  auto total = context.stores.admin->count_rechecks(connection->id);
  if (!rows || !total)
    return !rows ? rows.error() : total.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back(shown_recheck(row, *connection));
  return json_response({{"rechecks", std::move(items)}, {"total", *total}});
}

/// Asked without a WebSocket.
caf::expected<api_response> no_socket(const api_request&, api_context&) {
  return error_response(426, "upgrade_required", "this is a WebSocket: say {\"token\":\"...\",\"watch\":[\"/overview\"]}; "
                                                 "to be watched are /overview, /cluster, /shards, /tenants/NAME/why");
}

} // namespace

void add_live_routes(router& routes) {
  routes.add("GET", "/api/v1/live", no_socket, route_access::live);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/gaps", gaps);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/rechecks", rechecks);
}

} // namespace lode
