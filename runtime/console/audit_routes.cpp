#include <boost/json.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/audit_trail.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::object shown(const audit_entry& entry) {
  auto named = [](const std::string& name) { return name.empty() ? json::value(nullptr) : json::value(name); };
  return {{"id", entry.id},
          {"at", format_time(entry.at)},
          {"node", entry.node},
          {"who", entry.who},
          {"method", entry.method},
          {"path", entry.path},
          {"tenant", named(entry.tenant)},
          {"connection", named(entry.connection)},
          {"status", entry.status}};
}

/// Latest first.
caf::expected<api_response> list(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 100, 1'000);
  auto after = request.query_number("after", 0, INT64_MAX);
  if (!limit || !after)
    return !limit ? limit.error() : after.error();
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto entries = (*store)->list_audit(request.query_text("tenant"), static_cast<int64_t>(*after), *limit);
  if (!entries)
    return entries.error();
  json::array items;
  for (const auto& entry : *entries)
    items.push_back(shown(entry));
  const bool is_full = entries->size() == *limit;
  return json_response({{"entries", std::move(items)}, {"next", is_full ? json::value(entries->back().id) : nullptr}});
}

} // namespace

void note_in_trail(api_context& context, bool has_token, const api_request& request, const api_response& answer) {
  if (request.method == "GET" || request.method == "HEAD" || !context.stores.inspection)
    return;
  auto named = [&](const std::string& name) {
    auto found = request.parameters.find(name);
    return found == request.parameters.end() ? std::string{} : found->second;
  };
  audit_entry entry;
  entry.node = context.services.node->status().name;
  entry.who = has_token ? "token" : "loopback";
  entry.method = request.method;
  entry.path = request.path;
  entry.tenant = named("tenant");
  entry.connection = named("connection");
  entry.status = answer.status;
  if (auto failed = context.stores.inspection->add_audit(entry))
    log_warning("not in the audit trail: " + request.method + " " + request.path + ": " + message_of(failed));
}

void add_audit_routes(router& routes) {
  routes.add("GET", "/api/v1/audit", list);
}

} // namespace lode
