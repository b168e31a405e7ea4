#include "runtime/cli/demo/node_client.hpp"

#include <boost/json.hpp>

#include <algorithm>

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
  return {number_in(node, "records"), number_in(node, "waiting_for_quota"), number_in(node, "shards"), number_in(node, "open_runs")};
}

cluster_shown node_client::cluster() const {
  auto answer = parse_object(call("GET", "/api/v1/cluster"));
  cluster_shown out;
  out.shards = number_in(answer, "shards");
  out.shards_without_node = number_in(answer, "shards_without_node");
  if (const auto* nodes = answer.if_contains("nodes"); nodes && nodes->is_array())
    for (const auto& each : nodes->get_array()) {
      const auto& node = each.get_object();
      auto link = text_in(object_in(node, "link"), "state");
      out.members.push_back({text_in(node, "name"), text_in(node, "state"), number_in(node, "shards"), link == "up" || link == "self"});
    }
  return out;
}

const member_shown* cluster_shown::find(const std::string& name) const {
  auto found = std::ranges::find(members, name, &member_shown::name);
  return found == members.end() ? nullptr : &*found;
}

std::string count_by_node(const std::map<std::string, std::string>& node_of_tenants) {
  std::map<std::string, int64_t> counts;
  for (const auto& [tenant, node] : node_of_tenants)
    ++counts[node.empty() ? "nobody" : node];
  std::string out;
  for (const auto& [node, count] : counts)
    out += (out.empty() ? "" : ", ") + node + " " + std::to_string(count);
  return out;
}

std::map<std::string, std::string> node_client::nodes_of_tenants() const {
  std::map<std::string, std::string> out;
  std::string after;
  do {
    auto answer = parse_object(call("GET", "/api/v1/tenants?limit=1000&after=" + after));
    after = text_in(answer, "next");
    if (const auto* tenants = answer.if_contains("tenants"); tenants && tenants->is_array())
      for (const auto& each : tenants->get_array())
        out[text_in(each.get_object(), "name")] = text_in(each.get_object(), "node");
  } while (!after.empty());
  return out;
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
