#include "tests/support/scenario.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace lode::test {

namespace {

constexpr auto connection_path = "/connections/main";

std::string path_of(const std::string& tenant) {
  return "/api/v1/tenants/" + tenant + connection_path;
}

[[noreturn]] void give_up(const std::string& why) {
  throw std::runtime_error{why};
}

std::vector<json::object> parse_lines(const std::string& text) {
  std::vector<json::object> out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (!line.empty())
      out.push_back(json::parse(line).as_object());
  return out;
}

json::object pick(const json::object& from, std::initializer_list<const char*> names) {
  json::object out;
  for (const auto* name : names)
    if (const auto* found = from.if_contains(name))
      out[name] = *found;
  return out;
}

/// Quick to notice and quick to try again, so that a fault costs tenths of seconds.
std::map<std::string, std::string> default_settings() {
  return {{"node.name", "scenario"},          {"node.shutdown_timeout", "2s"},  {"store.retry_min", "50ms"},
          {"store.retry_max", "500ms"},       {"http.resolve", "{\"*.test\": 127.0.0.1}"},
          {"mining.request_retries", "3"},    {"mining.retry_min", "50ms"},     {"mining.retry_max", "400ms"},
          {"mining.window", "4"},             {"mining.miners_per_tenant", "4"},{"console.listen", "127.0.0.1:0"},
          {"console.threads", "2"},           {"node.writers", "2"},            {"node.processors", "2"},
          {"node.scheduler_threads", "2"},
          {"security.key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}};
}

} // namespace

bool is_verified(const json::object& audit) {
  return audit.at("verified").as_bool();
}

int64_t number_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found && found->is_number() ? found->to_number<int64_t>() : 0;
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string{found->as_string()} : "";
}

scenario::scenario(scenario_settings settings) : settings_(std::move(settings)) {
  folder_ = "/tmp/lode-scenario.XXXXXX";
  if (!mkdtemp(folder_.data()))
    give_up("cannot make a folder in /tmp");
  std::filesystem::permissions(folder_, std::filesystem::perms{0711});
  database_ = std::make_unique<scenario_database>(settings_.own_server, folder_);
  start_simapi();
}

scenario::~scenario() {
  node_.reset();
  simapi_.reset();
  database_.reset();
  if (!std::getenv("LODE_KEEP"))
    std::filesystem::remove_all(folder_);
}

// -- the node -----------------------------------------------------------------------------------------------------------

std::string scenario::write_config() {
  auto values = default_settings();
  values["node.data_dir"] = folder_ + "/data";
  values["store.dsn"] = '"' + database_->dsn() + '"';
  for (const auto& [key, value] : settings_.node)
    values[key] = value;
  auto path = folder_ + "/lode.yaml";
  std::ofstream file{path};
  std::string section;
  for (const auto& [key, value] : values) {
    auto dot = key.find('.');
    if (auto next = key.substr(0, dot); next != section)
      file << (section = next) << ":\n";
    file << "  " << key.substr(dot + 1) << ": " << value << "\n";
  }
  return path;
}

void scenario::start_node(const std::string& fault) {
  auto log = folder_ + "/node-" + std::to_string(++starts_) + ".log";
  std::vector<std::string> environment{"LODE_FAULT=" + fault};
  node_ = std::make_unique<child_process>(std::vector<std::string>{LODE_BINARY, "serve", "--config", write_config()}, log,
                                          environment);
  await(
    "the node is up", [&] { return !node_->is_running() || (learn_address(), node_port_ != 0); }, std::chrono::seconds{60},
    [&] { return last_lines(log); });
  if (!node_->is_running() && fault.empty())
    give_up("the node ended at its start\n" + last_lines(log));
}

void scenario::learn_address() {
  static const std::string mark = "console on http://127.0.0.1:";
  auto text = read_file(node_->log());
  auto at = text.find(mark);
  node_port_ = 0;
  if (at != std::string::npos && text.find('\n', at) != std::string::npos)
    node_port_ = static_cast<uint16_t>(std::stoul(text.substr(at + mark.size())));
}

bool scenario::start_node_until_it_dies_at(const std::string& fault) {
  start_node(fault);
  await(
    "the node dies at " + fault,
    [&] {
      if (!node_->is_running())
        return true;
      if (number("SELECT count(*) FROM run WHERE phase = 0") > 0)
        return false;
      return number("SELECT count(*) FROM connection WHERE state = 0 AND NOT EXISTS (SELECT FROM run WHERE connection_id = connection.id)") == 0;
    },
    std::chrono::seconds{60}, [&] { return log(); });
  return !node_->is_running();
}

void scenario::kill_node() {
  node_->kill_hard();
}

void scenario::stop_node() {
  if (auto code = node_->stop())
    give_up("the node ended with " + std::to_string(code) + "\n" + log());
}

std::string scenario::log() const {
  return node_ ? last_lines(node_->log(), 25) : "";
}

void scenario::put_sources() {
  for (const std::string name : {"graph", "crm", "shop"}) {
    auto text = read_file(LODE_SOURCE_FOLDER "/config/examples/sources/" + name + ".yaml");
    for (const auto& [from, to] : settings_.source_edits)
      for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
    auto answer = http_ask(node_port_, "PUT", "/api/v1/sources/" + name, text, "application/yaml");
    if (answer.status != 200)
      give_up("source " + name + ": " + std::to_string(answer.status) + " " + answer.body);
  }
}

json::object scenario::import_line_of(const json::object& tenant) const {
  json::object line{{"tenant", tenant.at("tenant")}, {"connection", "main"}, {"source", tenant.at("dialect")}};
  line["configuration"] = pick(tenant, {"base_url", "account", "token_url", "client_id"});
  if (text_in(tenant, "dialect") != "graph")
    line["configuration"].as_object()["start"] = tenant.at("start");
  line["secrets"] = pick(tenant, {"access_token", "client_secret", "refresh_token", "api_key"});
  line["schedule"] = settings_.schedule;
  if (!settings_.streams.empty())
    line["streams"] = json::value_from(settings_.streams);
  return line;
}

void scenario::import_line(const json::object& line) {
  auto answer = http_ask(node_port_, "POST", "/api/v1/import", json::serialize(line) + "\n", "application/x-ndjson");
  if (answer.status != 200 || !json::parse(answer.body).at("errors").as_array().empty())
    give_up("import: " + std::to_string(answer.status) + " " + answer.body);
}

void scenario::import_tenants() {
  put_sources();
  for (const auto& tenant : control_lines("/control/tenants"))
    import_line(import_line_of(tenant));
}

http_answer scenario::api_text(const std::string& method, const std::string& target, const std::string& body) {
  return http_ask(node_port_, method, target, body);
}

json::value scenario::api(const std::string& method, const std::string& target, const json::value& body, int expected) {
  auto answer = api_text(method, target, body.is_null() ? "" : json::serialize(body));
  if (answer.status != expected)
    give_up(method + " " + target + ": " + std::to_string(answer.status) + " " + answer.body + "\n" + log());
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
  return text_in(connection(tenant), "state") != "active";
}

void scenario::await_runs(size_t count, std::vector<std::string> names) {
  if (names.empty())
    names = tenants_;
  await(
    "the runs end",
    [&] {
      if (!node_->is_running())
        give_up("the node has ended\n" + log());
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
    tenant + " is " + state, [&] { return text_in(connection(tenant), "state") == state; }, std::chrono::seconds{60},
    [&] { return json::serialize(connection(tenant)) + " " + json::serialize(last_run(tenant)) + "\n" + log(); });
}

void scenario::await_pages(size_t pages) {
  await(
    std::to_string(pages) + " pages are served", [&] { return pages_served() >= pages; }, std::chrono::seconds{60},
    [&] { return log(); });
}

// -- the simulated APIs -------------------------------------------------------------------------------------------------

void scenario::start_simapi() {
  auto ready = folder_ + "/simapi.json";
  std::vector<std::string> command{LODE_SIMAPI_BINARY, "--seed",   "7",         "--tenants", std::to_string(settings_.tenants),
                                   "--dialects",       settings_.dialects, "--records", settings_.records, "--ready-file", ready};
  command.insert(command.end(), settings_.simapi.begin(), settings_.simapi.end());
  simapi_ = std::make_unique<child_process>(command, folder_ + "/simapi.log");
  await(
    "lode-simapi is up",
    [&] {
      if (!simapi_->is_running())
        give_up("lode-simapi has ended\n" + last_lines(simapi_->log()));
      return !read_file(ready).empty();
    },
    std::chrono::seconds{30});
  control_port_ = static_cast<uint16_t>(json::parse(read_file(ready)).at("control_port").to_number<int>());
  for (const auto& tenant : control_lines("/control/tenants"))
    tenants_.push_back(text_in(tenant, "tenant"));
}

json::object scenario::control(const std::string& path, const json::object& body) {
  auto answer = http_ask(control_port_, "POST", path, json::serialize(body));
  if (answer.status != 200)
    give_up("lode-simapi " + path + " " + json::serialize(body) + ": " + std::to_string(answer.status) + " " + answer.body);
  return json::parse(answer.body).as_object();
}

std::vector<json::object> scenario::control_lines(const std::string& path) {
  auto answer = http_ask(control_port_, "GET", path);
  if (answer.status != 200)
    give_up("lode-simapi " + path + ": " + std::to_string(answer.status) + " " + answer.body);
  return parse_lines(answer.body);
}

int scenario::fault(json::object fault) {
  return static_cast<int>(number_in(control("/control/faults", fault), "id"));
}

json::object scenario::tenant_line(const std::string& tenant) {
  return control_lines("/control/tenants?tenant=" + tenant).at(0);
}

std::vector<json::object> scenario::requests(const std::string& tenant) {
  return control_lines("/control/requests" + (tenant.empty() ? "" : "?tenant=" + tenant));
}

size_t scenario::pages_fetched_again(const std::string& tenant) {
  std::map<std::string, size_t> times;
  for (const auto& each : requests(tenant))
    if (number_in(each, "status") == 200 && each.at("completed").as_bool() && text_in(each, "page") != "")
      ++times[text_in(each, "tenant") + " " + text_in(each, "page")];
  size_t again = 0;
  for (const auto& [page, count] : times)
    again += count - 1;
  return again;
}

size_t scenario::pages_served() {
  auto answer = http_ask(control_port_, "GET", "/control/stats");
  return static_cast<size_t>(json::parse(answer.body).at("completed").to_number<int64_t>());
}

void scenario::await_settled() {
  // 1 s of settle time, and up to 1 s because cursors of whole seconds are cut.
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{2100};
  await("changes have settled", [&] { return std::chrono::steady_clock::now() > end; });
}

// -- the store and the audit --------------------------------------------------------------------------------------------

int64_t scenario::number(const std::string& sql) {
  return test_session{database_->dsn()}.number(sql);
}

void scenario::sql(const std::string& statements) {
  test_session{database_->dsn()}.run(statements);
}

json::object scenario::audit(const std::vector<std::string>& options) {
  auto result = folder_ + "/audit.json";
  auto log = folder_ + "/audit.log";
  std::filesystem::remove(log);
  std::filesystem::remove(result);
  std::vector<std::string> command{LODE_AUDIT_BINARY, "--truth", "http://127.0.0.1:" + std::to_string(control_port_),
                                   "--store", database_->dsn(), "--json", result};
  command.insert(command.end(), options.begin(), options.end());
  auto code = run_program(command, log);
  audit_text_ = read_file(log);
  if (code != 0 && code != 1)
    give_up("lode-audit ended with " + std::to_string(code) + ": " + audit_text_);
  return json::parse(read_file(result)).as_object();
}

} // namespace lode::test
