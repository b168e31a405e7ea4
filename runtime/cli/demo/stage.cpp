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
  return kill_leftover(place.in("node.pid"), place.folder()) + kill_leftover(place.in("simapi.pid"), place.folder());
}

stage::stage(const workplace& place, show_state& state)
  : place_(place),
    state_(state),
    apis_("lode-simapi", place.in("simapi.pid"), place.in("simapi.log")),
    node_("the node", place.in("node.pid"), place.in("node.log")) {}

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
    command.push_back("postgres");
  if (run_to_end(command, place_.in("servers.log")) != 0)
    throw failure{fmt::format("the database did not {}:\n{}", action, last_lines(read_text(place_.in("servers.log")), 5))};
}

void stage::start_database() {
  has_database_ = true;
  run_servers("start");
  auto text = read_text(place_.servers_folder() + "/env");
  constexpr std::string_view name = "LODE_PG_DSN=";
  auto at = text.find(name);
  if (at == std::string::npos)
    throw failure{place_.servers_folder() + "/env names no LODE_PG_DSN"};
  at += name.size();
  dsn_ = text.substr(at, text.find('\n', at) - at);
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

void stage::start_node() {
  if (node_port_ == 0)
    node_port_ = free_port();
  place_.make_key();
  place_.write_settings(dsn_, node_port_);
  counted_cpu_ = 0;
  node_.start({place_.own_program(), "serve", "--config", place_.in("lode.yaml")});
  node_client_ = std::make_unique<node_client>(node_port_);
  for (int tries = 0; !node_client_->is_ready(); ++tries) {
    check_alive();
    if (tries == start_tries)
      throw failure{"the node does not get ready; the end of its log:\n" + node_.last_words()};
    pause_ms(try_ms);
  }
}

void stage::kill_node() {
  account();
  node_.kill_hard();
}

void stage::close() {
  account();
  node_.stop(node_patience_ms);
  apis_.stop(apis_patience_ms);
  if (std::exchange(has_database_, false))
    run_servers("stop");
}

void stage::check_alive() {
  check_interrupt();
  if (apis_.is_running())
    apis_.check_alive();
  if (node_.is_running())
    node_.check_alive();
}

void stage::account() {
  if (!node_.is_running())
    return;
  auto figures = node_.figures();
  state_.cpu_seconds += std::max(0.0, figures.cpu_seconds - counted_cpu_);
  counted_cpu_ = std::max(counted_cpu_, figures.cpu_seconds);
  state_.peak_rss_bytes = std::max(state_.peak_rss_bytes, figures.peak_rss_bytes);
}

} // namespace lode::demo
