#include "runtime/cli/demo/stage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/json_fields.hpp"

namespace lode::demo {

namespace {

constexpr int start_tries = 1200;
constexpr int try_ms = 50;
constexpr int node_patience_ms = 12'000;
constexpr int apis_patience_ms = 3'000;

/// Records per stream and tenant: three kinds of work, in sum well above 300,000 for 500 tenants.
std::string record_counts(uint32_t percent) {
  auto of = [&](uint32_t whole) { return std::max(1u, whole * percent / 100); };
  return fmt::format("posts={},comments=9,contacts={},orders={},products={},customers={}", of(70), of(620), of(360), of(100), of(200));
}

} // namespace

int end_leftovers(const workplace& place) {
  int ended = kill_leftover(place.in("simapi.pid"), place.folder());
  for (const auto* name : node_names)
    ended += kill_leftover(place.in(name + std::string{".pid"}), place.folder());
  return ended;
}

stage::stage(const workplace& place, show_state& state)
  : place_(place),
    state_(state),
    apis_("lode-simapi", place.in("simapi.pid"), place.in("simapi.log")),
    nodes_(place, state, [this] { check_alive(); }) {}

stage::~stage() {
  try {
    close();
  } catch (const std::exception& e) {
    fmt::print(stderr, "lode demo: {}\n", e.what());
  }
}

void stage::run_servers(const char* action) {
  std::vector<std::string> command{place_.servers_script(), action, place_.servers_folder()};
  if (action == std::string{"start"})
    command.insert(command.end(), {"postgres", "redis"});
  if (run_to_end(command, place_.in("servers.log")) != 0)
    throw failure{fmt::format("PostgreSQL and Redis did not {}:\n{}", action, last_lines(read_text(place_.in("servers.log")), 5))};
}

void stage::start_servers() {
  has_servers_ = true;
  run_servers("start");
  auto path = place_.servers_folder() + "/env";
  auto text = "\n" + read_text(path);
  auto value_of = [&](const std::string& name) {
    auto at = text.find("\n" + name + "=");
    if (at == std::string::npos)
      throw failure{path + " names no " + name};
    at += name.size() + 2;
    return text.substr(at, text.find('\n', at) - at);
  };
  servers_ = {value_of("LODE_PG_DSN"), value_of("LODE_REDIS_URL")};
}

void stage::start_apis() {
  auto ready = place_.in("simapi.ready");
  unlink(ready.c_str());
  apis_.start({place_.program("lode-simapi"), "--seed", std::to_string(state_.seed), "--tenants", std::to_string(state_.tenants),
               "--dialects", "graph,crm,shop", "--records", record_counts(state_.percent), "--start", state_.first_day, "--end",
               state_.last_day, "--latency-ms", "80", "--latency-jitter-ms", "20", "--error-rate", "0.01", "--shop-bucket", "4",
               "--shop-leak-per-second", "1", "--ready-file", ready, "--state", place_.in("simapi.state")});
  for (int tries = 0; read_text(ready).empty(); ++tries) {
    check_alive();
    if (tries == start_tries)
      throw failure{"lode-simapi does not get ready; the end of its log:\n" + apis_.last_words()};
    pause_ms(try_ms);
  }
  auto ports = parse_object(read_text(ready));
  api_port_ = static_cast<uint16_t>(number_in(ports, "port"));
  apis_client_ = std::make_unique<simapi_client>(static_cast<uint16_t>(number_in(ports, "control_port")));
}

void stage::start_nodes() {
  nodes_.start(servers_);
}

void stage::close() {
  nodes_.stop(node_patience_ms);
  apis_.stop(apis_patience_ms);
  if (std::exchange(has_servers_, false))
    run_servers("stop");
}

void stage::check_alive() {
  check_interrupt();
  if (apis_.is_running())
    apis_.check_alive();
  nodes_.check_alive();
}

} // namespace lode::demo
