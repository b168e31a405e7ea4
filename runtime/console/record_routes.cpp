#include <boost/json.hpp>

#include <memory>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// The payload is the API's own text: it goes out as it came, on one line.
void append_line(std::string& out, const stored_record& record) {
  out += "{\"key\":" + json::serialize(json::string{record.key}) + ",\"hash\":\"" + hex_of(record.hash)
         + "\",\"deleted\":" + (record.deleted ? "true" : "false") + ",\"record\":";
  if (record.deleted || record.payload.empty())
    out += "null";
  else
    for (char c : record.payload)
      out += c == '\n' || c == '\r' ? ' ' : c; // JSON has raw line breaks only between tokens
  out += "}\n";
}

/// Where a download stands; short reads instead of one long snapshot.
struct record_walk {
  stream_id stream;
  std::string after;
  size_t left = 0;
  bool with_deleted = false;

  caf::expected<bool> operator()(console_stores& stores, std::string& out) {
    auto wanted = std::min<size_t>(left, 500);
    auto rows = stores.catalog->read_records(stream, after, wanted, with_deleted);
    if (!rows)
      return rows.error();
    for (const auto& row : *rows)
      append_line(out, row);
    if (!rows->empty())
      after = rows->back().key;
    left -= rows->size();
    return rows->size() == wanted && left > 0;
  }
};

caf::expected<api_response> records(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", SIZE_MAX, SIZE_MAX);
  if (!limit)
    return limit.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  const auto& name = request.parameter("stream");
  auto stream = std::ranges::find(connection->streams, name, &stream_row::name);
  if (stream == connection->streams.end())
    return caf::make_error(errc::not_found, "connection " + connection->name + " mines no stream " + name);
  record_walk walk{stream->id, request.query_text("after"), *limit, request.query_text("deleted") == "true"};
  api_response out;
  out.content_type = "application/x-ndjson";
  // The first piece now: a store that is away is an answer of its own, not a broken download.
  auto more = walk(context.stores, out.body);
  if (!more)
    return more.error();
  if (*more)
    out.more = [state = std::make_shared<record_walk>(std::move(walk))](console_stores& stores, std::string& piece) {
      return (*state)(stores, piece);
    };
  return out;
}

caf::expected<api_response> dead_letters(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 100, 1'000);
  auto after = request.query_number("after", 0, INT64_MAX);
  if (!limit || !after)
    return !limit ? limit.error() : after.error();
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto rows = context.stores.admin->list_dead_letters(tenant->id, static_cast<int64_t>(*after), *limit);
  auto connections = context.stores.catalog->list_connections(tenant->id);
  if (!rows || !connections)
    return !rows ? rows.error() : connections.error();
  json::array items;
  for (const auto& row : *rows) {
    auto from = std::ranges::find(*connections, row.connection, &connection_row::id);
    auto is_known = from != connections->end();
    items.push_back({{"id", row.id},
                     {"connection", is_known ? from->name : "#" + to_string(row.connection)},
                     {"stream", is_known ? stream_name(*from, row.stream) : "#" + to_string(row.stream)},
                     {"run", row.run.value},
                     {"first_seen", format_time(row.first_seen)},
                     {"last_seen", format_time(row.last_seen)},
                     {"times", row.times},
                     {"key", row.key},
                     {"reason", redact(row.reason)},
                     {"payload", redact(row.payload)}});
  }
  auto is_full = rows->size() == *limit;
  return json_response({{"dead_letters", std::move(items)}, {"next", is_full ? json::value(rows->back().id) : nullptr}});
}

} // namespace

void add_record_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/streams/{stream}/records", records);
  routes.add("GET", "/api/v1/tenants/{tenant}/dead-letters", dead_letters);
}

} // namespace lode
