#include <chrono>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "tests/support/scenario.hpp"

namespace lode::test {

namespace {

std::vector<json::object> parse_lines(const std::string& text) {
  std::vector<json::object> out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (!line.empty())
      out.push_back(json::parse(line).as_object());
  return out;
}

} // namespace

void scenario::start_simapi() {
  auto ready = folder_ + "/simapi.json";
  std::vector<std::string> command{LODE_SIMAPI_BINARY};
  const std::pair<const char*, std::string> options[] = {{"--seed", "7"},
                                                         {"--tenants", std::to_string(settings_.tenants)},
                                                         {"--dialects", settings_.dialects},
                                                         {"--records", settings_.records},
                                                         {"--port", std::to_string(data_port_)},
                                                         {"--control-port", std::to_string(control_port_)},
                                                         {"--ready-file", ready}};
  for (const auto& [name, value] : options)
    command.insert(command.end(), {name, value});
  command.insert(command.end(), settings_.simapi.begin(), settings_.simapi.end());
  if (settings_.apis_remember)
    command.insert(command.end(), {"--state", folder_ + "/simapi.state"});
  const inside there{settings_.apis_place};
  simapi_ = std::make_unique<child_process>(command, folder_ + "/simapi.log");
  await(
    "lode-simapi is up",
    [&] {
      if (!simapi_->is_running())
        throw std::runtime_error{"lode-simapi has ended\n" + last_lines(simapi_->log())};
      return !read_file(ready).empty();
    },
    std::chrono::seconds{30});
  const auto ports = json::parse(read_file(ready));
  data_port_ = static_cast<uint16_t>(ports.at("port").to_number<int>());
  control_port_ = static_cast<uint16_t>(ports.at("control_port").to_number<int>());
  tenants_.clear();
  for (const auto& tenant : control_lines("/control/tenants"))
    tenants_.push_back(text_in(tenant, "tenant"));
}

void scenario::restart_apis() {
  simapi_->kill_hard();
  std::filesystem::remove(folder_ + "/simapi.json");
  start_simapi();
}

http_answer scenario::ask_apis(const std::string& method, const std::string& path, const std::string& body) {
  const inside there{settings_.apis_place};
  return http_ask(control_port_, method, path, body);
}

json::object scenario::control(const std::string& path, const json::object& body) {
  auto answer = ask_apis("POST", path, json::serialize(body));
  if (answer.status != 200)
    throw std::runtime_error{"lode-simapi " + path + " " + json::serialize(body) + ": " + std::to_string(answer.status)
                             + " " + answer.body};
  return json::parse(answer.body).as_object();
}

std::vector<json::object> scenario::control_lines(const std::string& path) {
  auto answer = ask_apis("GET", path);
  if (answer.status != 200)
    throw std::runtime_error{"lode-simapi " + path + ": " + std::to_string(answer.status) + " " + answer.body};
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
  auto answer = ask_apis("GET", "/control/stats");
  return static_cast<size_t>(json::parse(answer.body).at("completed").to_number<int64_t>());
}

void scenario::await_pages(size_t pages) {
  await(
    std::to_string(pages) + " pages are served", [&] { return pages_served() >= pages; }, std::chrono::seconds{60},
    [&] { return log(); });
}

void scenario::await_no_requests() {
  await(
    "no request is being answered",
    [&] { return number_in(control_lines("/control/stats").at(0), "in_flight") == 0; }, std::chrono::seconds{60},
    [&] { return log(); });
}

void scenario::await_settled() {
  // 1 s of settle time, and up to 1 s because cursors of whole seconds are cut.
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{2100};
  await("changes have settled", [&] { return std::chrono::steady_clock::now() > end; });
}

} // namespace lode::test
