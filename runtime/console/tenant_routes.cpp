#include <boost/json.hpp>

#include <map>
#include <unordered_map>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

json::object shown(const tenant_row& tenant) {
  json::object out{{"name", tenant.name}, {"id", tenant.id.value}, {"shard", tenant.shard.value}};
  out["state"] = json::string_view{name_of(tenant.state).data(), name_of(tenant.state).size()};
  out["reason"] = redact(tenant.reason);
  return out;
}

/// Which node owns each shard, as the store shows it. Shards of nobody, and of a life that is gone, are not in it.
caf::expected<std::unordered_map<int64_t, std::string>> nodes_of_shards(api_context& context) {
  std::unordered_map<int64_t, std::string> out;
  auto* members = context.stores.membership.get();
  if (!members)
    return out;
  auto view = members->look();
  if (!view)
    return view.error();
  auto owners = members->owners();
  if (!owners)
    return owners.error();
  std::map<incarnation, std::string> names;
  for (const auto& node : view->nodes)
    names[node.self] = node.name;
  for (const auto& shard : *owners)
    if (auto found = names.find(shard.owner); found != names.end())
      out[shard.shard.value] = found->second;
  return out;
}

json::object shown(const tenant_row& tenant, const std::unordered_map<int64_t, std::string>& nodes) {
  auto out = shown(tenant);
  auto node = nodes.find(tenant.shard.value);
  out["node"] = node == nodes.end() ? json::value(nullptr) : json::value(node->second);
  return out;
}

caf::expected<api_response> create(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto name = body.text("name");
  if (auto wrong = body.finish())
    return wrong;
  if (auto wrong = check_name("tenant", name))
    return wrong;
  auto tenant = context.stores.catalog->create_tenant(name);
  if (!tenant)
    return tenant.error();
  return json_response(shown(*tenant), 201);
}

caf::expected<api_response> list(const api_request& request, api_context& context) {
  if (const auto view = request.query_text("view"); view == "standing")
    return list_standings(request, context);
  else if (!view.empty())
    return caf::make_error(errc::bad_argument, "view: found \"" + view + "\", expected standing");
  auto limit = request.query_number("limit", 100, 1'000);
  if (!limit)
    return limit.error();
  auto tenants = context.stores.catalog->list_tenants(request.query_text("after"), *limit);
  if (!tenants)
    return tenants.error();
  auto nodes = nodes_of_shards(context);
  if (!nodes)
    return nodes.error();
  json::array items;
  for (const auto& tenant : *tenants)
    items.push_back(shown(tenant, *nodes));
  auto is_full = tenants->size() == *limit;
  return json_response({{"tenants", std::move(items)}, {"next", is_full ? json::value(tenants->back().name) : nullptr}});
}

caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto connections = context.stores.catalog->list_connections(tenant->id);
  if (!connections)
    return connections.error();
  auto nodes = nodes_of_shards(context);
  if (!nodes)
    return nodes.error();
  json::array names;
  for (const auto& connection : *connections)
    names.emplace_back(connection.name);
  auto out = shown(*tenant, *nodes);
  out["connections"] = std::move(names);
  return json_response(out);
}

/// Pauses or resumes.
caf::expected<api_response> change(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto state = body.text("state");
  auto reason = body.text_or("reason", "");
  if (state != "active" && state != "paused")
    body.complain("state: expected \"active\" or \"paused\"");
  if (auto wrong = body.finish())
    return wrong;
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto wanted = state == "active" ? activity::active : activity::paused;
  if (auto failed = context.stores.catalog->set_tenant_state(tenant->id, wanted, reason))
    return failed;
  context.services.node->connection_changed(tenant->id, std::nullopt);
  return show(request, context);
}

/// Erases to the end, whether or not the client waits for it: a tenant half erased would be a promise half kept.
caf::expected<api_response> remove(const api_request& request, api_context& context) {
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto& catalog = *context.stores.catalog;
  if (auto failed = catalog.begin_erase(tenant->id))
    return failed;
  context.services.node->connection_changed(tenant->id, std::nullopt);
  for (int64_t erased = 0;;) {
    auto step = catalog.erase_some(tenant->id, 10'000);
    if (!step)
      return step.error();
    if (*step == 0)
      return json_response({{"tenant", tenant->name}, {"erased_rows", erased}});
    erased += static_cast<int64_t>(*step);
  }
}

} // namespace

void add_tenant_routes(router& routes) {
  routes.add("POST", "/api/v1/tenants", create);
  routes.add("GET", "/api/v1/tenants", list);
  routes.add("GET", "/api/v1/tenants/{tenant}", show);
  routes.add("PATCH", "/api/v1/tenants/{tenant}", change);
  routes.add("DELETE", "/api/v1/tenants/{tenant}", remove);
}

} // namespace lode
