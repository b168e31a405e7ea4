#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "tests/support/scenario.hpp"

namespace lode::test {

namespace {

constexpr auto connection_path = "/connections/main";

std::string path_of(const std::string& tenant) {
  return "/api/v1/tenants/" + tenant + connection_path;
}

json::object pick(const json::object& from, std::initializer_list<const char*> names) {
  json::object out;
  for (const auto* name : names)
    if (const auto* found = from.if_contains(name))
      out[name] = *found;
  return out;
}

} // namespace

http_answer running_node::ask(const std::string& method, const std::string& target, const std::string& body,
                              const std::string& content_type) const {
  const inside there{place};
  return http_ask(port, method, target, body, content_type);
}

json::object running_node::status() const {
  auto answer = ask("/api/v1/status");
  if (answer.status != 200)
    throw std::runtime_error{"status of an earlier node: " + std::to_string(answer.status) + " " + answer.body + "\n"
                             + last_lines(process->log())};
  return json::parse(answer.body).at("node").as_object();
}

void scenario::put_sources() {
  std::set<std::string> unused;
  for (const auto& [from, to] : settings_.source_edits)
    unused.insert(from);
  auto sources = settings_.sources;
  for (const std::string name : {"graph", "crm", "shop"})
    sources.emplace_back(name, read_file(LODE_SOURCE_FOLDER "/config/examples/sources/" + name + ".yaml"));
  for (auto& [name, text] : sources) {
    for (const auto& [from, to] : settings_.source_edits)
      for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size(), unused.erase(from))
        text.replace(at, from.size(), to);
    auto answer = present_node().ask("PUT", "/api/v1/sources/" + name, text, "application/yaml");
    if (answer.status != 200)
      throw std::runtime_error{"source " + name + ": " + std::to_string(answer.status) + " " + answer.body};
  }
  for (const auto& from : unused)
    throw std::runtime_error{"no example source holds '" + from + "': this edit of the scenario changes nothing"};
}

json::object scenario::import_line_of(const json::object& tenant) const {
  json::object line{{"tenant", tenant.at("tenant")}, {"connection", "main"}, {"source", tenant.at("dialect")}};
  line["configuration"] = pick(tenant, {"base_url", "account", "token_url", "client_id"});
  if (settings_.is_live)
    for (const auto& [key, value] : pick(tenant, {"live_url", "portal", "shop"}))
      line["configuration"].as_object()[key] = value;
  if (text_in(tenant, "dialect") != "graph")
    line["configuration"].as_object()["start"] = tenant.at("start");
  line["secrets"] = pick(tenant, {"access_token", "client_secret", "refresh_token", "api_key"});
  line["schedule"] = settings_.schedule;
  if (!settings_.streams.empty())
    line["streams"] = json::value_from(settings_.streams);
  return line;
}

void scenario::import_lines(const std::string& lines) {
  auto answer = present_node().ask("POST", "/api/v1/import", lines, "application/x-ndjson");
  if (answer.status != 200 || !json::parse(answer.body).at("errors").as_array().empty())
    throw std::runtime_error{"import: " + std::to_string(answer.status) + " " + answer.body};
}

void scenario::import_tenants() {
  put_sources();
  std::string lines;
  for (const auto& tenant : control_lines("/control/tenants"))
    lines += json::serialize(import_line_of(tenant)) + "\n";
  import_lines(lines);
}

void scenario::import_tenants_for_the_next_start() {
  start_node();
  import_tenants();
  stop_node();
  sql("UPDATE connection SET schedule = '{\"every\":\"12h\"}';"
      "INSERT INTO due (connection_id, tenant_id, shard, due, kind) SELECT id, tenant_id, shard, 1, 0 FROM connection");
}

http_answer scenario::api_text(const std::string& method, const std::string& target, const std::string& body) {
  return present_node().ask(method, target, body);
}

json::value scenario::api(const std::string& method, const std::string& target, const json::value& body, int expected) {
  auto answer = api_text(method, target, body.is_null() ? "" : json::serialize(body));
  if (answer.status != expected)
    throw std::runtime_error{method + " " + target + ": " + std::to_string(answer.status) + " " + answer.body + "\n"
                             + log()};
  return json::parse(answer.body);
}

json::object scenario::connection(const std::string& tenant) {
  return api("GET", path_of(tenant)).as_object();
}

json::object scenario::last_run(const std::string& tenant) {
  auto answer = api("GET", path_of(tenant) + "/runs?limit=1");
  const auto& runs = answer.at("runs").as_array();
  return runs.empty() ? json::object{} : runs[0].as_object();
}

void scenario::trigger(const std::string& tenant, const std::string& kind) {
  api("POST", path_of(tenant) + "/runs", json::object{{"kind", kind}}, 202);
}

void scenario::trigger_all() {
  for (const auto& tenant : tenants_)
    trigger(tenant);
}

bool scenario::has_ended(const std::string& tenant, size_t count) {
  auto answer = api_text("GET", path_of(tenant) + "/runs?limit=1000");
  if (answer.status != 200)
    return false;
  auto parsed = json::parse(answer.body);
  const auto& runs = parsed.at("runs").as_array();
  auto is_open = [](const json::value& run) { return run.at("phase") == "open"; };
  if (runs.size() >= count && std::none_of(runs.begin(), runs.end(), is_open))
    return true;
  const auto state = state_of(tenant);
  return !state.empty() && state != "active";
}

std::string scenario::state_of(const std::string& tenant) {
  auto answer = api_text("GET", path_of(tenant));
  return answer.status == 200 ? text_in(json::parse(answer.body).as_object(), "state") : "";
}

void scenario::await_runs(size_t count, std::vector<std::string> names) {
  if (names.empty())
    names = tenants_;
  await(
    "the runs end",
    [&] {
      if (!node_->is_running())
        throw std::runtime_error{"the node has ended\n" + log()};
      std::erase_if(names, [&](const auto& tenant) { return has_ended(tenant, count); });
      return names.empty();
    },
    std::chrono::seconds{90},
    [&] {
      std::string text;
      for (const auto& tenant : names)
        text += tenant + ": " + json::serialize(connection(tenant)) + " " + json::serialize(last_run(tenant)) + "\n";
      return text + log();
    });
}

void scenario::await_state(const std::string& tenant, const std::string& state) {
  await(
    tenant + " is " + state, [&] { return state_of(tenant) == state; }, std::chrono::seconds{60},
    [&] { return json::serialize(connection(tenant)) + " " + json::serialize(last_run(tenant)) + "\n" + log(); });
}

} // namespace lode::test
