#include <boost/json.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/connection_input.hpp"
#include "runtime/console/given_check.hpp"
#include "runtime/console/live_view.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

namespace json = boost::json;

caf::expected<api_response> put(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto input = read_connection(request.parameter("connection"), body);
  if (auto wrong = body.finish())
    return wrong;
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto checked = check_connection(tenant->id, std::move(input), context);
  if (!checked)
    return checked.error();
  auto row = store_connection(*tenant, *checked, context);
  if (!row)
    return row.error();
  return json_response(shown_connection(*row, context));
}

caf::expected<api_response> list(const api_request& request, api_context& context) {
  auto tenant = routed_tenant(request, context);
  if (!tenant)
    return tenant.error();
  auto rows = context.stores.catalog->list_connections(tenant->id);
  if (!rows)
    return rows.error();
  json::array items;
  for (const auto& row : *rows)
    items.push_back(shown_connection(row, context));
  return json_response({{"connections", std::move(items)}});
}

caf::expected<api_response> show(const api_request& request, api_context& context) {
  auto row = routed_connection(request, context);
  if (!row)
    return row.error();
  auto live = shown_listening(*row, context);
  if (!live)
    return live.error();
  auto out = shown_connection(*row, context);
  out["live"] = std::move(*live);
  return json_response(out);
}

caf::expected<api_response> change(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto state = body.text("state");
  auto reason = body.text_or("reason", "");
  if (state != "active" && state != "paused")
    body.complain("state: expected \"active\" or \"paused\"");
  if (auto wrong = body.finish())
    return wrong;
  auto row = routed_connection(request, context);
  if (!row)
    return row.error();
  auto wanted = state == "active" ? activity::active : activity::paused;
  if (auto failed = context.stores.catalog->set_connection_state(row->id, wanted, reason))
    return failed;
  context.services.node->connection_changed(row->tenant, row->id);
  return show(request, context);
}

/// Against the source as it is now. One that this node cannot execute must not keep new secrets out.
caf::error check_secrets(const connection_row& row, const std::string& secrets, api_context& context) {
  auto source = find_source(*context.stores.catalog, row.source_name);
  if (!source)
    return source.error();
  return check_given(context.services.inspect_manifest(source->name, source->manifest), row.configuration, secrets, given_part::secrets);
}

/// The body is the new object of secrets, whole.
caf::expected<api_response> put_secrets(const api_request& request, api_context& context) {
  json::error_code problem;
  auto secrets = json::parse(request.body, problem);
  if (problem || !secrets.is_object())
    return caf::make_error(errc::bad_argument, "expected a JSON object of secrets such as {\"access_token\":\"...\"}");
  auto row = routed_connection(request, context);
  if (!row)
    return row.error();
  const auto text = json::serialize(secrets);
  if (auto wrong = check_secrets(*row, text, context))
    return wrong;
  auto sealed = seal_secrets(text, context);
  if (!sealed)
    return sealed.error();
  if (auto failed = context.stores.catalog->set_connection_secrets(row->id, *sealed))
    return failed;
  // Refused credentials are what suspends a connection: new ones are the way on, its runs resume where they were.
  if (row->state == activity::suspended)
    if (auto failed = context.stores.catalog->set_connection_state(row->id, activity::active, ""))
      return failed;
  context.services.node->connection_changed(row->tenant, row->id);
  return show(request, context);
}

/// The next full pass of these streams may delete more than the brake lets pass.
caf::expected<api_response> confirm_deletes(const api_request& request, api_context& context) {
  body_reader body{request.body};
  auto streams = body.texts("streams");
  if (!streams || streams->empty())
    body.complain("streams: expected the names of at least one stream");
  if (auto wrong = body.finish())
    return wrong;
  auto row = routed_connection(request, context);
  if (!row)
    return row.error();
  if (auto failed = context.stores.runs->confirm_deletes(row->id, *streams, {request.command}))
    return failed;
  json::array names;
  for (const auto& name : *streams)
    names.emplace_back(name);
  return json_response({{"tenant", row->tenant_name}, {"connection", row->name}, {"streams", std::move(names)}, {"command", request.command}});
}

/// Erases records, state and secrets of a connection, to the end.
caf::expected<api_response> remove(const api_request& request, api_context& context) {
  auto row = routed_connection(request, context);
  if (!row)
    return row.error();
  auto& catalog = *context.stores.catalog;
  if (auto failed = catalog.begin_erase(row->id))
    return failed;
  context.services.node->connection_changed(row->tenant, row->id);
  for (int64_t erased = 0;;) {
    auto step = catalog.erase_some(row->id, 10'000);
    if (!step)
      return step.error();
    if (*step == 0)
      return json_response({{"tenant", row->tenant_name}, {"connection", row->name}, {"erased_rows", erased}});
    erased += static_cast<int64_t>(*step);
  }
}

} // namespace

void add_connection_routes(router& routes) {
  routes.add("GET", "/api/v1/tenants/{tenant}/connections", list);
  routes.add("PUT", "/api/v1/tenants/{tenant}/connections/{connection}", put);
  routes.add("GET", "/api/v1/tenants/{tenant}/connections/{connection}", show);
  routes.add("PATCH", "/api/v1/tenants/{tenant}/connections/{connection}", change);
  routes.add("DELETE", "/api/v1/tenants/{tenant}/connections/{connection}", remove);
  routes.add("PUT", "/api/v1/tenants/{tenant}/connections/{connection}/secrets", put_secrets);
  routes.add("POST", "/api/v1/tenants/{tenant}/connections/{connection}/confirm-deletes", confirm_deletes);
}

} // namespace lode
