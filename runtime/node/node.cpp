#include "runtime/node/node.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <thread>

#include "messages/fault_point.hpp"
#include "runtime/console/http_server.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/node/console_setup.hpp"
#include "runtime/node/history_recorder.hpp"
#include "runtime/node/housekeeper.hpp"
#include "runtime/node/live_control.hpp"
#include "runtime/node/mining_tree.hpp"
#include "runtime/node/node_life.hpp"
#include "runtime/node/reports.hpp"
#include "runtime/node/startup.hpp"
#include "runtime/node/store_watch.hpp"
#include "runtime/redis/shared_turns.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/postgres_inspection_store.hpp"
#include "runtime/storage/postgres/postgres_live_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_sink_store.hpp"
#include "runtime/storage/postgres/postgres_standing_store.hpp"
#include "runtime/storage/postgres/postgres_upkeep_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/websocket/websocket_client.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

struct actor_config : caf::actor_system_config {
  explicit actor_config(const settings& config) {
    // Without it a self-sending miner never leaves its thread.
    set("caf.scheduler.max-throughput", 50);
    set("caf.scheduler.policy", "sharing"); // stealing polls: an idle node would burn CPU
    const auto threads = config.node.scheduler_threads;
    set("caf.scheduler.max-threads", threads > 0 ? threads : std::thread::hardware_concurrency());
    set("caf.metrics-filters.actors.includes", std::vector<std::string>{"lode.*"});
    configure_transport(*this, config.cluster);
  }
};

exit_code give_up(const caf::error& why) {
  log_error(message_of(why));
  return exit_code_of(code_of(why));
}

/// A database that does not answer is waited for: with that reason the wait ends only when the node is told to stop.
exit_code end_without_store(const caf::error& why) {
  if (why != errc::store_unavailable)
    return give_up(why);
  log_info("told to stop before PostgreSQL answered");
  return exit_ok;
}

/// Of a statement of the cluster's: an answer that takes longer than half the lease is of no use.
postgres_settings hasty(postgres_settings postgres) {
  postgres.statement_timeout = std::min(postgres.statement_timeout, heartbeat::lease / 2 - std::chrono::milliseconds{100});
  postgres.lock_timeout = std::min(postgres.lock_timeout, heartbeat::lease / 2 - std::chrono::milliseconds{500});
  return postgres;
}

/// A look at everything may take a while, and nobody waits for it.
postgres_settings patient(postgres_settings postgres) {
  postgres.statement_timeout = std::chrono::seconds{10};
  postgres.renews_when_idle = true;
  return postgres;
}

/// Those whose part of the work counts.
std::vector<incarnation> nodes_of(const view_pointer& view) {
  std::vector<incarnation> out;
  for (size_t i = 0; view && i < view->nodes.size(); ++i)
    if (view->nodes[i].state == node_state::member || view->nodes[i].state == node_state::draining)
      out.push_back(view->nodes[i].self);
  return out;
}

void init_meta_objects() {
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::io::middleman::init_global_meta_objects();
  caf::core::init_global_meta_objects();
}

/// What comes from the settings and the store; what the actors share is put in by the caller, who owns it. Sessions of the stores are
/// of the life in which they are opened.
std::unique_ptr<mining_resources> make_resources(const settings& config, const extensions& known, const postgres_settings& postgres) {
  auto made = std::make_unique<mining_resources>();
  made->config = config;
  made->known = &known;
  auto of_this_life = [&life = *made, postgres] {
    auto result = postgres;
    result.self = life.self();
    return result;
  };
  made->open_page_store = [of_this_life](int64_t writer) { return make_postgres_page_store(of_this_life(), writer); };
  made->open_run_store = [of_this_life] { return make_postgres_run_store(of_this_life()); };
  made->open_inspection_store = [of_this_life] { return make_postgres_inspection_store(of_this_life(), "backfills"); };
  made->open_live_store = [of_this_life] { return make_postgres_live_store(of_this_life()); };
  made->open_standings = [of_this_life] { return make_postgres_standing_store(of_this_life()); };
  made->open_sinks = [of_this_life] { return make_postgres_sink_store(of_this_life()); };
  made->open_catalog = [of_this_life] { return make_postgres_catalog_store(of_this_life()); };
  made->open_membership = [of_this_life](const std::string& purpose) {
    return make_postgres_membership_store(hasty(of_this_life()), purpose);
  };
  made->now = wall_clock;
  return made;
}

void use_redis(mining_resources& resources, const redis_settings& redis, int64_t generation) {
  resources.open_redis = [redis, generation] { return std::make_unique<shared_facts>(redis, generation); };
  resources.open_turns = [redis, generation, name = resources.config.node.name]() -> turn_source {
    auto turns = std::make_shared<shared_turns>(redis, generation, name);
    return [turns](const lease_turns& order) { return turns->lease(order); };
  };
}

/// So that no node goes on before somebody has looked at it, whether or not it knows what this one knows. The watch tries the same
/// from the beginning; this is the last try.
void write_doubt(generation_store& store, int64_t generation, const std::string& why) {
  constexpr int tries = 10;
  caf::error error;
  for (int i = 0; i < tries; ++i) {
    if (error = store.doubt(generation, why); !error)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
  }
  log_error("the doubt could not be written down, run `lode restored` before a node starts: " + message_of(error));
}

} // namespace

exit_code run_node(const settings& config, const extensions& known) {
  stop_signals signals; // before any thread is started
  start_log(config.log);
  auto seal = open_sealer(config.security);
  if (!seal)
    return give_up(seal.error());
  auto http = open_http_client(config.http);
  if (!http)
    return give_up(http.error());
  auto sockets = open_websocket_client(config.http, config.mining.live_bytes_in_flight);
  if (!sockets)
    return give_up(sockets.error());
  auto redis = redis_of(config.cache);
  if (!redis)
    return give_up(redis.error());
  if (auto error = check_transport(config.cluster))
    return give_up(error);
  continuation_codec codec{[&](std::string_view text) { return seal->seal(text); },
                           [&](std::string_view text) { return seal->open(text); }};
  init_meta_objects();
  actor_config actors{config};
  caf::actor_system system{actors};
  metrics measured{system.metrics(), known.miners.names()};

  const auto postgres = postgres_of(config, random_incarnation()); // the process's own sessions: no life's
  const store_identity own{config.cluster.name, seal->key_name()};
  auto store = open_store(postgres, own, *redis, [&](auto span) { return signals.arrived_within(span); });
  if (!store)
    return end_without_store(store.error());
  auto resources = make_resources(config, known, postgres);
  resources->health.tell([&measured](bool is_out, const std::string& why) { report_outage(measured, is_out, why); });
  resources->http = http->get();
  resources->sockets = sockets->get();
  resources->seal = &*seal;
  resources->codec = &codec;
  resources->measured = &measured;
  if (*redis)
    use_redis(*resources, **redis, store->generation);

  auto control = std::make_shared<live_control>(system, *resources);
  resources->settle_identity = [postgres, own] { return settle_identity(postgres, own); };
  resources->report = [&control = *control](std::optional<tenant_id> about) { return control.report(about); };
  auto history = std::make_shared<history_log>();
  auto services = make_console(config, known, postgres, *seal, control);
  services.history = history;
  auto console = http_server::start(config.console, make_console_router(), std::move(services));
  if (!console)
    return give_up(console.error());
  auto gate = open_gate(system, config.cluster);
  if (!gate)
    return give_up(gate.error());
  resources->gate = *gate;
  housekeeper janitor{make_postgres_catalog_store(postgres, "housekeeper"), make_postgres_upkeep_store(postgres),
                      {config.store.keep_runs, config.store.keep_dead_letters, config.store.keep_feed},
                      view_mender(config, known, postgres)};
  history_recorder recorder{control, [&views = resources->views] { return nodes_of(views.latest()); },
                            [query = std::make_shared<backlog_query>(patient(postgres))] { return query->ask(wall_clock()); }, history};
  store_watch watch{[postgres] { return make_postgres_generation_store(postgres, "watch"); },
                    *redis ? std::make_unique<shared_positions>(**redis, store->generation) : nullptr,
                    known_store{store->generation, store->positions}, resources->health};
  log_info("node " + config.node.name + " is up; console on http://" + (*console)->address()
           + (gate->address.empty() ? "" : "; other nodes reach it at " + gate->address));
  life_parts parts{system, *resources, *control, watch, signals};
  std::optional<exit_code> code;
  while (!code) {
    code = live(parts);
    if (!code && LODE_FAULT("node.lives_once"))
      code = exit_failed;
  }
  close_gate(system, *gate);
  if (watch.news().what == store_finding::went_back)
    write_doubt(*make_postgres_generation_store(postgres), store->generation, watch.news().why);
  log_info("node " + config.node.name + " has stopped");
  return *code;
}

} // namespace lode
