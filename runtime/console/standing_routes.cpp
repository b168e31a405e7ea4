#include <boost/json.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/console/why.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object shown(const standing_row& row, instant now) {
  return {{"name", row.tenant_name},
          {"id", row.tenant.value},
          {"shard", row.shard.value},
          {"node", text_or_null(row.node)},
          {"state", json_text(name_of(row.state))},
          {"reason", row.state == activity::active ? "" : redact(row.detail)},
          {"connection", text_or_null(row.connection_name)},
          {"waits_for", json_text(name_of(row.reason))},
          {"waits_since", time_or_null(row.since)},
          {"waits_until", time_or_null(row.until)},
          {"detail", redact(row.detail)},
          {"lateness_seconds", lateness_of(row, now).count()},
          {"last_commit", time_or_null(row.last_commit)},
          {"records_per_second", row.records_per_second},
          {"source", text_or_null(row.source)}};
}

/// The filter that the query asks for; errc::bad_argument with the first mistake.
caf::expected<standing_filter> filter_of(const api_request& request) {
  standing_filter out{request.query_text("search"), {}, {}, request.query_text("source"), {}, {}, request.query_text("after")};
  auto wrong = [&](const std::string& what, const std::string& expected) {
    return caf::make_error(errc::bad_argument, what + ": found \"" + request.query_text(what) + "\", expected " + expected);
  };
  constexpr std::array<std::string_view, 4> sorts{"worst", "name", "lateness", "rate"};
  const auto sort = std::find(sorts.begin(), sorts.end(), request.query_text("sort", "worst"));
  if (sort == sorts.end())
    return wrong("sort", "worst, name, lateness or rate");
  out.sort = static_cast<standing_sort>(sort - sorts.begin());
  if (const auto state = request.query_text("state"); !state.empty()) {
    for (auto each : {activity::active, activity::paused, activity::suspended})
      if (state == name_of(each))
        out.state = each;
    if (!out.state)
      return wrong("state", "active, paused or suspended");
  }
  if (const auto reason = request.query_text("reason"); !reason.empty()) {
    out.reason = wait_reason_of(reason);
    if (!out.reason)
      return wrong("reason", "none, queued, quota, store_slow, api_slow, backing_off, not_heard, moving, paused or suspended");
  }
  auto late = request.query_number("late", 0, 10 * 365 * 86'400);
  if (!late)
    return late.error();
  if (*late > 0)
    out.late = std::chrono::seconds{*late};
  return out;
}

/// Each connection of a tenant in plain words.
caf::expected<api_response> why(const api_request& request, api_context& context) {
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  const auto now = wall_clock();
  auto rows = (*store)->standings_of(tenant->id, now);
  if (!rows)
    return rows.error();
  json::array items;
  for (const auto& row : *rows) {
    auto held = (*store)->unconfirmed_deletes(row.connection);
    if (!held)
      return held.error();
    const auto words = why_of(row, now);
    items.push_back({{"connection", row.connection_name},
                     {"waits_for", json_text(name_of(row.reason))},
                     {"since", time_or_null(row.since)},
                     {"until", time_or_null(row.until)},
                     {"text", redact(words.text)},
                     {"help", words.help},
                     {"lateness_seconds", lateness_of(row, now).count()},
                     {"next_run", time_or_null(row.state == activity::active ? row.due : std::nullopt)},
                     {"unconfirmed_deletes", json::array(held->begin(), held->end())}});
  }
  return json_response({{"tenant", tenant->name}, {"connections", std::move(items)}});
}

json::object shown(const stream_progress& row, instant now) {
  const auto lateness = row.known_up_to && *row.known_up_to < now ? std::chrono::duration_cast<std::chrono::seconds>(now - *row.known_up_to).count() : 0;
  return {{"stream", row.name},
          {"partitions", row.partitions},
          {"partitions_open", row.partitions_open},
          {"known_up_to", time_or_null(row.known_up_to)},
          {"lateness_seconds", lateness},
          {"records", row.records},
          {"changed_share", row.read > 0 ? static_cast<double>(row.changed) / static_cast<double>(row.read) : 0.0},
          {"owed", row.owed},
          {"cursor", row.known_up_to ? "known up to " + format_time(*row.known_up_to) : "read from the beginning"},
          {"done_share", row.done_share ? json::value(*row.done_share) : json::value(nullptr)}};
}

caf::expected<api_response> streams(const api_request& request, api_context& context) {
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto rows = (*store)->list_progress(connection->id);
  if (!rows)
    return rows.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back(shown(row, wall_clock()));
  return json_response({{"streams", std::move(items)}});
}

json::object shown(const call_error& error, const connection_row& connection) {
  return {{"at", format_time(error.at)},
          {"stream", stream_name(connection, error.stream)},
          {"partition", error.partition},
          {"status", error.status == 0 ? json::value(nullptr) : json::value(error.status)},
          {"attempt", error.attempt},
          {"text", redact(error.text)},
          {"request", redact(error.request)},
          {"response", redact(error.response)},
          {"run", error.run.value}};
}

/// Latest first.
caf::expected<api_response> errors(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 20, 100);
  if (!limit)
    return limit.error();
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto connection = routed_connection(request, context);
  if (!connection)
    return connection.error();
  auto rows = (*store)->list_call_errors(connection->id, *limit);
  if (!rows)
    return rows.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back(shown(row, *connection));
  return json_response({{"errors", std::move(items)}});
}

} // namespace

caf::expected<inspection_store*> inspection_of(api_context& context) {
  if (auto* store = context.stores.inspection.get())
    return store;
  return caf::make_error(errc::store_unavailable, "this node lists nothing over all tenants");
}

boost::json::value time_or_null(const std::optional<instant>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

boost::json::string json_text(std::string_view text) {
  return json::string{text.data(), text.size()};
}

caf::expected<api_response> list_standings(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 200, 1'000);
  if (!limit)
    return limit.error();
  auto filter = filter_of(request);
  if (!filter)
    return filter.error();
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  const auto now = wall_clock();
  auto page = (*store)->list_standings(*filter, *limit, now);
  if (!page)
    return page.error();
  json::array items;
  for (const auto& row : page->rows)
    items.push_back(shown(row, now));
  return json_response({{"tenants", std::move(items)},
                        {"next", text_or_null(page->next)},
                        {"total", page->total ? json::value(*page->total) : json::value(nullptr)}});
}

void add_standing_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/why", why);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/streams", streams);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}/errors", errors);
}

} // namespace lode
