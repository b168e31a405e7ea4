#include "runtime/node/mining_tree.hpp"

#include <caf/all.hpp>

#include <thread>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/fetch_gate.hpp"
#include "actors/extraction/processor.hpp"
#include "actors/extraction/quarantine.hpp"
#include "actors/extraction/tenant_supervisor.hpp"
#include "actors/scheduling/run_keeper.hpp"
#include "actors/scheduling/scheduler.hpp"
#include "actors/storage/page_writer.hpp"
#include "actors/streaming/capture.hpp"
#include "actors/streaming/courier.hpp"
#include "actors/streaming/gap_keeper.hpp"
#include "actors/streaming/successor.hpp"
#include "actors/supervision/timers.hpp"
#include "cluster/sharding/shard_region.hpp"
#include "messages/fault_point.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "runtime/node/reports.hpp"
#include "runtime/node/sink_making.hpp"
#include "runtime/telemetry/metrics.hpp"

namespace lode {

namespace {

page_writer_settings writer_settings(const settings& config) {
  const auto& store = config.store;
  page_writer_settings result;
  result.group_records = store.group_rows;
  result.group_bytes = store.group_bytes.value;
  result.cache_bytes = config.cache.memory.value / config.node.writers;
  result.group_wait = store.group_wait;
  result.retry_min = store.retry_min;
  result.retry_max = store.retry_max;
  result.late = config.mining.continuation_deadline / 2;
  return result;
}

run_keeper_parts keeper_parts(mining_resources& resources) {
  run_keeper_parts parts;
  parts.runs = resources.open_run_store();
  parts.catalog = resources.open_catalog();
  parts.load_backfill = [store = resources.open_inspection_store()](connection_id connection) { return store->load_backfill(connection); };
  parts.gaps = resources.open_live_store();
  parts.codec = resources.codec;
  parts.load_plan = [setup = manifest_setup_of(resources.config.mining, *resources.known)](const source_row& source) {
    return load_plan(source, setup);
  };
  parts.open_secrets = [&seal = *resources.seal](std::string_view text) { return seal.open(text); };
  parts.seal_secrets = [seal = resources.seal](std::string_view text) { return seal->seal(text); };
  parts.now = resources.now;
  parts.tick = [&resources] { return resources.clock.next(); };
  parts.schedules = resources.known->schedules;
  parts.can_listen = [known = resources.known](const std::string& listener) { return bool{known->listeners.find(listener)}; };
  parts.report = event_report(resources);
  return parts;
}

gap_keeper_parts gap_parts(mining_resources& resources, std::function<void()> look_for_work) {
  gap_keeper_parts parts;
  parts.gaps = resources.open_live_store();
  parts.runs = resources.open_run_store();
  parts.now = resources.now;
  parts.look_for_work = std::move(look_for_work);
  parts.report = live_report(resources);
  parts.tick = [&resources] { resources.history.note(std::chrono::steady_clock::now(), resources.clock.next()); };
  return parts;
}

standing_keeper_parts standing_parts(mining_resources& resources) {
  standing_keeper_parts parts;
  parts.store = resources.open_standings();
  parts.board = &resources.board;
  parts.errors = &resources.errors;
  parts.inputs = [&resources] {
    standing_inputs inputs{resources.now()};
    inputs.is_store_out = resources.health.is_out();
    if (inputs.is_store_out)
      inputs.store_says = resources.health.why();
    return inputs;
  };
  return parts;
}

scheduler_settings scheduling_of(const mining_settings& mining) {
  scheduler_settings result;
  result.starts_per_second = mining.runs_started_per_second;
  result.resumes_per_second = mining.runs_resumed_per_second;
  result.max_open_runs = mining.max_open_runs;
  result.tenants.restarts = mining.restart_budget;
  result.tenants.window = mining.restart_window;
  return result;
}

} // namespace

mining_tree::mining_tree(caf::actor_system& system, mining_resources& resources) : system_(system), resources_(resources) {
  const auto& config = resources.config;
  timers_ = watched(system.spawn<timers>());
  if (auto source = resources.open_turns())
    leaser_ = watched(system.spawn<caf::detached>(turn_leaser, std::move(source)));
  gate_ = watched(system.spawn<fetch_gate>(config.mining.bytes_in_flight.value, gate_report(resources),
                                           sharing_of(resources, leaser_), &resources.board));
  resources.measured->redis_in_use->value(config.cache.redis_url.empty() ? 0 : config.node.writers);
  for (uint32_t i = 0; i < config.node.writers; ++i)
    writers_.push_back(watched(system.spawn<page_writer, caf::detached>(resources.open_page_store(i), &resources.health,
                                                                        writer_settings(config),
                                                                        writer_report(resources), resources.open_redis())));
  auto processors = config.node.processors > 0 ? config.node.processors : std::max(1u, std::thread::hardware_concurrency());
  for (uint32_t i = 0; i < processors; ++i)
    processors_.push_back(watched(system.spawn<processor>(writers_, resources.codec)));
  keeper_ = watched(system.spawn<run_keeper, caf::detached>(keeper_parts(resources)));
  quarantine_parts watch{timers_, keeper_, processors_, writers_, &resources.health, quarantine_parts{}.patience};
  if (LODE_FAULT("quarantine.waits_long")) // a test kills from outside again and again, also on a slow machine
    watch.patience = std::chrono::minutes{1};
  quarantine_ = watched(system.spawn<quarantine>(std::move(watch)));
  auto scheduler_slot = std::make_shared<scheduler_actor>(); // it knows the others, and they know it
  gaps_ = watched(system.spawn<gap_keeper, caf::detached>(gap_parts(resources, [scheduler_slot] {
    if (*scheduler_slot)
      caf::anon_send(*scheduler_slot, wake{});
  })));
  standings_ = watched(system.spawn<standing_keeper, caf::detached>(standing_parts(resources)));
  courier_ = watched(system.spawn<courier, caf::detached>(courier_parts_of(resources, timers_)));
  auto services = make_services(resources);
  region_ = watched(system.spawn<shard_region>(shard_region_parts{
    [services, scheduler_slot](caf::actor_system& sys, tenant_id tenant, const shard_region_actor& region) {
      return sys.spawn<tenant_supervisor>(tenant, services, *scheduler_slot, region);
    },
    [scheduler_slot](const tenant_lost& loss) { caf::anon_send(*scheduler_slot, loss); }, timers_}));
  scheduler_ = watched(system.spawn<scheduler>(timers_, keeper_, region_, scheduling_of(config.mining), resources.now,
                                               open_runs_report(resources)));
  *scheduler_slot = scheduler_;
  mining_actors mining{timers_, keeper_, region_, scheduler_, {}};
  mining.make_successor = [this, services](auto tell_owner) { return make_successor(services, std::move(tell_owner)); };
  cluster_ = spawn_cluster(system, resources, mining); // from now on shards come
  if (cluster_.links)
    watched(cluster_.links);
  watched(cluster_.router);
  watched(cluster_.keeper);
  resources.census.count(cluster_.membership);
  watch_life();
}

mining_tree::~mining_tree() {
  finish_deliveries(); // beside all that follows
  if (cluster_.links)
    stop(cluster_.links);
  stop(cluster_.router);
  stop(cluster_.keeper);
  if (cluster_.successor)
    stop(cluster_.successor);
  stop(scheduler_);
  stop(region_, is_abandoned_ ? caf::make_error(errc::not_owner) : caf::error{caf::exit_reason::user_shutdown});
  for (const auto& processor : processors_)
    stop(processor);
  for (const auto& writer : writers_)
    stop(writer);
  stop(quarantine_);
  stop(standings_);
  stop(gaps_);
  stop(keeper_, is_abandoned_ ? caf::exit_reason::kill : caf::exit_reason::user_shutdown); // no refresh can be stored any more
  stop(gate_);
  if (leaser_)
    stop(leaser_);
  stop(courier_); // it needs the timers, and its claims hold no longer than the node is a member
  stop(timers_);
  stop(cluster_.membership); // what was still on its way was sent under its lease
}

void mining_tree::look_for_work() {
  caf::anon_send(scheduler_, wake{});
}

void mining_tree::set_draining(bool is_draining) {
  caf::anon_send(cluster_.membership, lode::set_draining{is_draining});
}

void mining_tree::look_early() {
  caf::anon_send(cluster_.membership, lode::look_early{});
}

void mining_tree::sinks_changed() {
  caf::anon_send(courier_, lode::sinks_changed{});
}

void mining_tree::finish_deliveries() {
  caf::scoped_actor self{system_};
  self->send_exit(courier_, is_abandoned_ ? caf::make_error(errc::not_owner) : caf::error{caf::exit_reason::user_shutdown});
}

void mining_tree::abandon() {
  is_abandoned_ = true;
}

std::optional<caf::error> mining_tree::life_end() const {
  if (auto why = life_end_->load(); why != errc::none)
    return caf::error{why};
  return std::nullopt;
}

/// That a life is over is no defect of an actor.
void mining_tree::watch_life() {
  caf::actor_cast<caf::abstract_actor*>(cluster_.membership)->attach_functor([broken = broken_, end = life_end_](const caf::error& why) {
    if (why == errc::not_owner || why == errc::conflict)
      *end = static_cast<errc>(why.code());
    else if (why && why != caf::exit_reason::user_shutdown)
      *broken = true;
  });
}

services_pointer mining_tree::make_services(mining_resources& resources) {
  const auto& mining = resources.config.mining;
  auto result = std::make_shared<mining_services>();
  result->timers = timers_;
  result->gate = gate_;
  result->keeper = keeper_;
  result->quarantine = quarantine_;
  result->processors = processors_;
  result->writers = writers_;
  result->make_miner = counted_miners(resources);
  live_ = make_live_services(resources);
  result->make_capture = [services = std::weak_ptr<const mining_services>{result}, live = live_, prepared = prepared_](
                           caf::actor_system& system, const connection_pointer& connection, uint32_t side,
                           const tenant_supervisor_actor& supervisor, const credential_keeper_actor& credentials) -> capture_actor {
    if (auto ready = prepared->take({connection->connection, side}, {connection->edition, connection->source_version})) {
      caf::anon_send(ready, take_over{connection, caf::actor_cast<caf::strong_actor_ptr>(supervisor),
                                      caf::actor_cast<caf::strong_actor_ptr>(credentials)});
      return ready;
    }
    return system.spawn<capture>(capture_job{services.lock(), live, connection, side, supervisor, credentials, {}});
  };
  result->http = resources.http;
  result->codec = resources.codec;
  result->clock = &resources.clock;
  result->health = &resources.health;
  result->held = &resources.held;
  result->waiting_for_lease = &resources.figures.waiting_for_lease;
  result->report = page_path_report(resources);
  result->board = &resources.board;
  result->errors = &resources.errors;
  result->now = resources.now;
  result->window = mining.window;
  result->miners_per_tenant = mining.miners_per_tenant;
  result->page_deadline = mining.continuation_deadline;
  result->restarts.restarts = mining.restart_budget;
  result->restarts.window = mining.restart_window;
  return result;
}

successor_actor mining_tree::make_successor(const services_pointer& services, std::function<void(const successor_ready&)> tell_owner) {
  successor_parts parts;
  parts.timers = timers_;
  parts.keeper = keeper_;
  parts.prepared = prepared_;
  parts.tell_owner = std::move(tell_owner);
  parts.make_capture = [services, live = live_](caf::actor_system& system, const connection_pointer& connection, uint32_t side,
                                                const successor_actor& successor) -> capture_actor {
    return system.spawn<capture>(capture_job{services, live, connection, side, {}, {}, successor});
  };
  return watched(system_.spawn<successor>(std::move(parts)));
}

live_services_pointer mining_tree::make_live_services(mining_resources& resources) {
  auto result = std::make_shared<live_services>();
  result->gaps = gaps_;
  result->sockets = resources.sockets;
  result->history = &resources.history;
  return result;
}

template <class Handle>
Handle mining_tree::watched(Handle handle) {
  resources_.census.count(handle);
  auto* actor = caf::actor_cast<caf::abstract_actor*>(handle);
  auto* named = dynamic_cast<caf::local_actor*>(actor);
  actor->attach_functor([broken = broken_, &census = resources_.census, name = std::string{named ? named->name() : ""}](const caf::error& why) {
    if (!why || why == caf::exit_reason::user_shutdown)
      return;
    if (why != caf::exit_reason::kill && why != errc::not_owner)
      census.restarted(name);
    broken->store(true);
  });
  return handle;
}

template <class Handle>
void mining_tree::stop(const Handle& handle, caf::error reason) {
  caf::scoped_actor self{system_};
  self->send_exit(handle, std::move(reason));
  self->wait_for(handle);
}

} // namespace lode
