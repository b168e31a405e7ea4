#include <boost/json.hpp>

#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

caf::expected<api_response> healthz(const api_request&, api_context&) {
  api_response out;
  out.content_type = "text/plain";
  out.body = "ok\n";
  return out;
}

caf::expected<api_response> readyz(const api_request& request, api_context& context) {
  api_response out;
  std::string why;
  auto is_ready = context.services.node->ready(why);
  out.status = is_ready ? 200 : 503;
  out.content_type = "text/plain";
  // The reason is for the operator only: this route is open to all.
  out.body = is_ready ? "ready\n" : request.is_authorised && !why.empty() ? "not ready: " + why + "\n" : "not ready\n";
  return out;
}

caf::expected<api_response> metrics_page(const api_request&, api_context& context) {
  api_response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = context.services.node->metrics_text();
  return out;
}

caf::expected<api_response> openapi(const api_request&, api_context&) {
  api_response out;
  out.body = openapi_document();
  return out;
}

} // namespace

void add_health_routes(router& routes) {
  routes.add("GET", "/healthz", healthz, route_access::open);
  routes.add("GET", "/readyz", readyz, route_access::open);
  routes.add("GET", "/metrics", metrics_page, route_access::immediate);
  routes.add("GET", "/api/v1/openapi.json", openapi, route_access::immediate);
}

} // namespace lode
