#include "runtime/cli/demo/node_client.hpp"

#include <boost/json.hpp>

#include "runtime/cli/demo/import_lines.hpp"
#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/json_fields.hpp"

namespace lode::demo {

namespace json = boost::json;

namespace {

std::string path_of(const std::string& tenant) {
  return "/api/v1/tenants/" + tenant + "/connections/" + connection_name;
}

} // namespace

node_client::node_client(uint16_t port) : client_("127.0.0.1:" + std::to_string(port), "") {}

std::string node_client::call(const std::string& method, const std::string& path, const std::string& body,
                              const std::string& type) const {
  auto reply = client_.call(method, path, body, type);
  check_interrupt();
  if (reply.status < 200 || reply.status > 299 || !reply.is_complete)
    throw failure{"the node: " + method + " " + path + ": "
                  + (reply.status == 0 ? reply.body : std::to_string(reply.status) + " " + reply.body)};
  return reply.body;
}

bool node_client::is_ready() const {
  auto reply = client_.call("GET", "/readyz");
  check_interrupt();
  return reply.status == 200;
}

void node_client::put_source(const std::string& name, const std::string& manifest) const {
  call("PUT", "/api/v1/sources/" + name, manifest, "application/yaml");
}

void node_client::import(const std::string& lines) const {
  auto answer = parse_object(call("POST", "/api/v1/import", lines, "application/x-ndjson"));
  const auto* errors = answer.if_contains("errors");
  if (errors && errors->is_array() && !errors->get_array().empty())
    throw failure{"the node refused tenants of the import, the first one: " + json::serialize(errors->get_array().front())};
}

node_figures_shown node_client::figures() const {
  auto answer = parse_object(call("GET", "/api/v1/status"));
  const auto& node = object_in(answer, "node");
  return {number_in(node, "records"), number_in(node, "waiting_for_quota")};
}

run_shown node_client::latest_run(const std::string& tenant) const {
  auto answer = parse_object(call("GET", path_of(tenant) + "/runs?limit=1"));
  const auto* runs = answer.if_contains("runs");
  if (!runs || !runs->is_array() || runs->get_array().empty())
    return {};
  const auto& run = runs->get_array().front().get_object();
  return {number_in(run, "run"),     text_in(run, "phase"),       text_in(run, "reason"),   number_in(run, "records"),
          number_in(run, "inserted"), number_in(run, "updated"), number_in(run, "unchanged"),
          number_in(run, "deleted")};
}

connection_shown node_client::connection(const std::string& tenant) const {
  auto answer = parse_object(call("GET", path_of(tenant)));
  return {text_in(answer, "state"), text_in(answer, "reason")};
}

void node_client::trigger_run(const std::string& tenant, const std::string& kind) const {
  call("POST", path_of(tenant) + "/runs", json::serialize(json::object{{"kind", kind}}));
}

} // namespace lode::demo
