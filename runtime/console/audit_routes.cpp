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
          {"status", entry.status == 0 ? json::value(nullptr) : json::value(entry.status)}};
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

audit_line::audit_line(api_context& context, bool has_token, const api_request& request) {
  if (request.method == "GET" || request.method == "HEAD" || !context.stores.inspection)
    return;
  store_ = context.stores.inspection.get();
  auto named = [&](const std::string& name) {
    auto found = request.parameters.find(name);
    return found == request.parameters.end() ? std::string{} : found->second;
  };
  entry_.node = context.services.node->status().name;
  entry_.who = has_token ? "token" : "loopback";
  entry_.method = request.method;
  entry_.path = request.path;
  entry_.tenant = named("tenant");
  entry_.connection = named("connection");
  if (auto id = store_->add_audit(entry_))
    entry_.id = *id;
}

void audit_line::ended(int status) {
  if (!store_)
    return;
  entry_.status = status;
  caf::error failed;
  if (entry_.id != 0)
    failed = store_->settle_audit(entry_.id, status);
  else if (auto added = store_->add_audit(entry_); !added)
    failed = added.error();
  if (failed)
    log_warning("not in the audit trail: " + entry_.method + " " + entry_.path + " (" + std::to_string(status) + "): " + message_of(failed));
}

void add_audit_routes(router& routes) {
  routes.add("GET", "/api/v1/audit", list);
}

} // namespace lode
