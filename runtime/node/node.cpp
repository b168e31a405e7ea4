#include "runtime/node/node.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include "actors/scheduling/schedule.hpp"
#include "runtime/console/http_server.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/source_views.hpp"
#include "runtime/node/housekeeper.hpp"
#include "runtime/node/live_control.hpp"
#include "runtime/node/manifest_inspection.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "runtime/node/mining_tree.hpp"
#include "runtime/node/startup.hpp"
#include "runtime/node/state_import.hpp"
#include "runtime/node/store_watch.hpp"
#include "runtime/redis/shared_turns.hpp"
#include "runtime/storage/postgres/postgres_admin_store.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_upkeep_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

constexpr restart_limits tree_restarts{5, std::chrono::minutes{1}, std::chrono::milliseconds{200}, std::chrono::seconds{5}};

struct actor_config : caf::actor_system_config {
  explicit actor_config(const node_settings& node) {
    // Without it a self-sending miner never leaves its thread.
    set("caf.scheduler.max-throughput", 50);
    set("caf.scheduler.policy", "sharing"); // stealing polls: an idle node would burn CPU
    set("caf.scheduler.max-threads", node.scheduler_threads > 0 ? node.scheduler_threads : std::thread::hardware_concurrency());
    set("caf.metrics-filters.actors.includes", std::vector<std::string>{"lode.*"});
  }
};

/// SIGTERM and SIGINT, taken one by one by the main thread.
class stop_signals {
public:
  stop_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  bool arrived_within(std::chrono::milliseconds span) {
    timespec limit{span.count() / 1000, (span.count() % 1000) * 1'000'000};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

private:
  sigset_t set_;
};

exit_code give_up(const caf::error& why) {
  log_error(message_of(why));
  return exit_code_of(code_of(why));
}

/// A database that does not answer is waited for: with that reason the wait ends only when the node is told to stop.
exit_code end_without_shards(const caf::error& why) {
  if (why != errc::store_unavailable)
    return give_up(why);
  log_info("told to stop before PostgreSQL answered");
  return exit_ok;
}

/// People's questions, and what is done for them, may take longer than a page's commit.
postgres_settings patient(postgres_settings postgres) {
  postgres.statement_timeout = std::chrono::seconds{60};
  return postgres;
}

/// Makes the SQL views that are missing, by a session of its own.
std::function<void()> view_mender(const settings& config, const extensions& known, const postgres_settings& postgres) {
  return [setup = manifest_setup_of(config.mining, known), postgres = patient(postgres)] {
    auto inspect = [&](const std::string& name, const std::string& text) { return inspect_manifest(name, text, setup); };
    put_missing_views(*make_postgres_catalog_store(postgres, "views"), inspect);
  };
}

console_services make_console(const settings& config, const extensions& known, const postgres_settings& postgres,
                              const sealer& seal, std::shared_ptr<node_control> control) {
  console_services services;
  services.open_stores = [postgres = patient(postgres)] {
    return console_stores{make_postgres_catalog_store(postgres, "console"), make_postgres_run_store(postgres, "console"),
                          make_postgres_admin_store(postgres, "console")};
  };
  services.node = std::move(control);
  services.default_schedule = schedule_json(config.schedule);
  services.seal_secrets = [&seal](std::string_view text) { return seal.seal(text); };
  services.open_secrets = [&seal](std::string_view text) { return seal.open(text); };
  const auto setup = manifest_setup_of(config.mining, known);
  services.inspect_manifest = [setup](const std::string& name, const std::string& text) {
    return inspect_manifest(name, text, setup);
  };
  services.read_airbyte_state = [&seal, setup](const connection_row& connection, const source_row& source,
                                               const std::string& text) {
    return import_airbyte_state(connection, source, setup, seal, text);
  };
  services.check_schedule = [&known](std::string_view text) -> caf::expected<new_schedule> {
    auto parsed = parse_schedule(text, known.schedules);
    if (!parsed)
      return parsed.error();
    const auto now = wall_clock();
    auto due = first_due(*parsed, now, 0);
    if (due && *due > now) // what begins at once is not spread
      due = first_due(*parsed, now, static_cast<uint64_t>(std::random_device{}()) << 32);
    return new_schedule{parsed->priority, due};
  };
  return services;
}

/// Ends the process with `code` when it cannot stop by itself: CAF's destructor can wait for ever on a stalled peer.
void arm_watchdog(std::chrono::milliseconds patience, exit_code code) {
  std::thread([patience, code] {
    std::this_thread::sleep_for(patience);
    log_error("the node did not stop in time and is ended");
    std::_Exit(code);
  }).detach();
}

/// What the store shows does not let the node go on as it is.
exit_code end_with(const known_store::verdict& news) {
  if (news.what == store_finding::went_back) {
    log_error(message_of(doubted_store(news.why)));
    return exit_conflict;
  }
  log_error(news.why + ": what this node knows is of before, it ends and is to be started anew");
  return exit_failed;
}

/// Keeps a tree running until a signal arrives. With shards that other nodes took the tree goes, and one without them begins.
exit_code supervise(caf::actor_system& system, mining_resources& resources, std::vector<shard_claim> claims,
                    live_control& control, membership_store& members, incarnation self, store_watch& watch,
                    stop_signals& signals) {
  restart_budget<std::chrono::steady_clock::time_point> budget{tree_restarts};
  const auto patience = resources.config.node.shutdown_timeout + std::chrono::seconds{10};
  for (;;) {
    mining_tree tree{system, resources, claims};
    control.use(&tree);
    bool is_told = false;
    known_store::verdict news;
    while (!tree.is_broken() && (news = watch.news()).what == store_finding::as_expected
           && !(is_told = signals.arrived_within(std::chrono::milliseconds{100}))) {
    }
    control.use(nullptr);
    if (news.what == store_finding::shards_lost) {
      auto owners = members.owners();
      if (!owners)
        continue; // the news are still there
      std::erase_if(claims, [&](const shard_claim& claim) {
        return std::ranges::none_of(*owners, [&](const shard_owner& each) {
          return each.shard == claim.shard && each.owner == self && each.epoch == claim.epoch;
        });
      });
      watch.take_loss();
      control.keep(claims.size());
      log_error(news.why + "; it mines the others");
      continue;
    }
    if (news.what != store_finding::as_expected) {
      const auto code = end_with(news);
      arm_watchdog(patience, code); // the tree stops as it leaves its scope
      return code;
    }
    auto wait = is_told ? std::nullopt : budget.spend(std::chrono::steady_clock::now());
    if (!wait)
      arm_watchdog(patience, exit_failed);
    if (is_told)
      return exit_ok;
    if (!wait) {
      log_error("a shared actor failed again and again; the node gives up");
      return exit_failed;
    }
    log_error("a shared actor ended by a defect; its tree is built anew from the store");
    if (signals.arrived_within(std::chrono::duration_cast<std::chrono::milliseconds>(*wait)))
      return exit_ok;
  }
}

void init_meta_objects() {
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::io::middleman::init_global_meta_objects();
  caf::core::init_global_meta_objects();
}

/// What comes from the settings and the store; what the actors share is put in by the caller, who owns it.
std::unique_ptr<mining_resources> make_resources(const settings& config, const extensions& known,
                                                 const postgres_settings& postgres) {
  auto made = std::make_unique<mining_resources>();
  made->config = config;
  made->known = &known;
  made->open_page_store = [postgres](int64_t writer) { return make_postgres_page_store(postgres, writer); };
  made->open_run_store = [postgres] { return make_postgres_run_store(postgres); };
  made->open_catalog = [postgres] { return make_postgres_catalog_store(postgres); };
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

/// A node that gave up hands nothing over: its next start counts a crash, so that the page that broke it is suspected.
void hand_over(membership_store& members, incarnation self, exit_code code) {
  if (code == exit_failed)
    log_warning("the shards stay claimed: the next start counts as after a crash");
  else if (auto error = members.leave(self))
    log_warning("shards could not be released, the next start counts as after a crash: " + message_of(error));
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
  auto redis = redis_of(config.cache);
  if (!redis)
    return give_up(redis.error());
  continuation_codec codec{[&](std::string_view text) { return seal->seal(text); },
                           [&](std::string_view text) { return seal->open(text); }};
  init_meta_objects();
  actor_config actors{config.node};
  caf::actor_system system{actors};
  metrics measured{system.metrics()};

  auto postgres = postgres_of(config, random_incarnation());
  auto members = make_postgres_membership_store(postgres, "node");
  auto store = claim_store(config, postgres, *redis, *members, [&](auto span) { return signals.arrived_within(span); });
  if (!store)
    return end_without_shards(store.error());
  auto resources = make_resources(config, known, postgres);
  resources->http = http->get();
  resources->seal = &*seal;
  resources->codec = &codec;
  resources->measured = &measured;
  if (*redis)
    use_redis(*resources, **redis, store->generation);

  auto control = std::make_shared<live_control>(system, *resources, postgres.self, store->claims.size());
  auto console = http_server::start(config.console, make_console_router(), make_console(config, known, postgres, *seal, control));
  if (!console) {
    hand_over(*members, postgres.self, exit_ok); // nothing was mined: this start is nobody's crash
    return give_up(console.error());
  }
  housekeeper janitor{make_postgres_catalog_store(postgres, "housekeeper"), make_postgres_upkeep_store(postgres),
                      {config.store.keep_runs, config.store.keep_dead_letters, config.store.keep_feed},
                      view_mender(config, known, postgres)};
  store_watch watch{[postgres] { return make_postgres_generation_store(postgres, "watch"); },
                    *redis ? std::make_unique<shared_positions>(**redis, store->generation) : nullptr,
                    known_store{store->generation, store->positions, store->claims.size()}, postgres.self, resources->health};
  log_info("node " + config.node.name + " is up with " + std::to_string(store->claims.size()) + " shards; console on http://"
           + (*console)->address());
  auto code = supervise(system, *resources, store->claims, *control, *members, postgres.self, watch, signals);
  if (code == exit_conflict)
    write_doubt(*make_postgres_generation_store(postgres), store->generation, watch.news().why);
  if (watch.news().what != store_finding::other_generation) // there it owns nothing
    hand_over(*members, postgres.self, code);
  log_info("node " + config.node.name + " has stopped");
  return code;
}

} // namespace lode
