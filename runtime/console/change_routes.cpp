#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/storage/feed_cursor.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Where `text` stands in the tenant's shard; "" and "0" are the beginning, "now" is the end.
caf::expected<int64_t> position_of(const std::string& text, catalog_store& catalog, int64_t generation,
                                   shard_id shard) {
  if (text.empty() || text == "0")
    return 0;
  if (text == "now")
    return catalog.feed_end(shard);
  auto cursor = decode_feed_cursor(text, generation);
  if (!cursor)
    return cursor.error();
  auto place = cursor->positions.find(shard);
  if (place == cursor->positions.end())
    return caf::make_error(errc::bad_argument, "after: this cursor belongs to another tenant");
  return place->second;
}

json::string view(std::string_view text) {
  return json::string{text.data(), text.size()};
}

caf::expected<api_response> changes(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 1'000, 10'000);
  if (!limit)
    return limit.error();
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto& catalog = *context.stores.catalog;
  auto generation = catalog.store_generation();
  auto connections = catalog.list_connections(tenant->id);
  if (!generation || !connections)
    return !generation ? generation.error() : connections.error();
  auto position = position_of(request.query_text("after"), catalog, *generation, tenant->shard);
  if (!position)
    return position.error();
  auto cursor_at = [&](int64_t seq) { return encode_feed_cursor({*generation, {{tenant->shard, seq}}}); };
  json::array items;
  auto is_at_end = false;
  // The feed is the shard's: others' entries are passed over, within bounds per request.
  for (int reads = 0; reads < 20 && !is_at_end && items.size() < *limit; ++reads) {
    auto entries = catalog.read_feed(tenant->shard, *position, *limit);
    if (!entries)
      return entries.error();
    is_at_end = entries->size() < *limit;
    for (const auto& entry : *entries) {
      if (items.size() == *limit) {
        is_at_end = false;
        break;
      }
      *position = entry.seq;
      if (entry.tenant != tenant->id)
        continue;
      auto from = std::ranges::find(*connections, entry.connection, &connection_row::id);
      auto is_known = from != connections->end();
      items.push_back({{"cursor", cursor_at(*position)},
                       {"change", view(name_of(entry.kind))},
                       {"connection", is_known ? from->name : "#" + to_string(entry.connection)},
                       {"stream", is_known ? stream_name(*from, entry.stream) : "#" + to_string(entry.stream)},
                       {"key", entry.key},
                       {"hash", hex_of(entry.hash)}});
    }
  }
  return json_response({{"changes", std::move(items)}, {"next", cursor_at(*position)}, {"more", !is_at_end}});
}

} // namespace

void add_change_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/changes", changes);
}

} // namespace lode
