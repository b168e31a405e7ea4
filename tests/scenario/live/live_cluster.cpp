#include "tests/scenario/live/live_cluster.hpp"

#include <stdexcept>

#include "runtime/storage/live_store.hpp"
#include "tests/support/free_port.hpp"

namespace lode::test {

namespace {

using namespace std::chrono_literals;

scenario_settings listening(const live_cluster_settings& settings) {
  scenario_settings out;
  out.tenants = settings.tenants;
  out.dialects = "graph,graph,graph,crm,shop";
  out.records = settings.records;
  out.is_live = true;
  out.apis_remember = true;
  out.simapi = {"--request-log", "0"};
  out.schedule = json::object{{"manual", true}};
  // A half-open socket shows within three seconds.
  out.source_edits = {{"every: 20s", "every: 1s"}, {"idle_timeout: 60s", "idle_timeout: 3s"}, {"sweep_every: 5m", "sweep_every: 5s"}};
  out.node = {{"mining.runs_started_per_second", "1000"}};
  return out;
}

/// As badly as an API may that keeps what the source declares (max_event_delay). A loss would be against it where nobody sweeps.
void make_events_unruly(scenario& world) {
  world.fault({{"kind", "event_late"}, {"rate", 0.05}, {"delay_ms", 1500}});
  world.fault({{"kind", "event_duplicated"}, {"rate", 0.05}, {"delay_ms", 700}});
  world.fault({{"kind", "event_reordered"}, {"rate", 0.05}, {"behind", 3}, {"delay_ms", 1000}});
  json::array hooked;
  for (const auto& tenant : world.control_lines("/control/tenants"))
    if (text_in(tenant, "dialect") != "graph")
      hooked.push_back(tenant.at("tenant"));
  world.fault({{"kind", "event_lost"}, {"tenant", hooked}, {"rate", 0.1}});
  world.fault({{"kind", "bad_signature"}, {"tenant", hooked}, {"rate", 0.05}});
}

/// Gaps that a sweep has found after `since` do not count: there is always one.
std::string open_gaps(int64_t since) {
  return "live_gap WHERE state < 2 AND NOT (reason = '" + std::string{sweep_reason} + "' AND from_us >= " + std::to_string(since) + ")";
}

} // namespace

live_cluster::live_cluster(const live_cluster_settings& settings) : seed_(settings.seed), random_(settings.seed), cluster_(listening(settings)) {}

void live_cluster::start_nodes(const std::set<std::string>& names) {
  nodes_ = names;
  for (const auto& name : names)
    launch(name);
  for (const auto& name : names)
    cluster_.await_up(name);
  cluster_.await_owners(names);
  await(
    "all nodes talk to each other",
    [&] {
      for (const auto& one : names)
        for (const auto& other : names)
          if (one != other && cluster_.link(one, other) != "up")
            return false;
      return true;
    },
    30s, [&] { return cluster_.logs(); });
}

void live_cluster::begin() {
  start_nodes({"n1", "n2", "n3"});
  cluster_.watch_epochs();
  world().import_tenants();
  await_quiet(120s);
  hook_up();
  make_events_unruly(world());
}

void live_cluster::launch(const std::string& name) {
  world().set_node("console.listen", "127.0.0.1:" + std::to_string(door_of(name)));
  cluster_.launch(name);
}

uint16_t live_cluster::door_of(const std::string& name) {
  auto [door, is_new] = doors_.try_emplace(name);
  if (is_new)
    door->second = free_port();
  return door->second;
}

void live_cluster::hook_up() {
  for (const auto& [dialect, node] : std::map<std::string, std::string>{{"crm", "n1"}, {"shop", "n2"}})
    world().control("/control/hooks", {{"dialect", dialect},
                                       {"url", "http://127.0.0.1:" + std::to_string(door_of(node)) + "/hooks/" + dialect},
                                       {"retry_ms", 200},
                                       {"most_retry_ms", 1000},
                                       {"parallel", 4},
                                       {"batch", 10}});
}

void live_cluster::carry_out(const live_step& step) {
  auto end = std::chrono::steady_clock::now() + step.pause;
  await("the pause is over", [&] { return std::chrono::steady_clock::now() >= end; });
  switch (step.what) {
    case live_trouble::change: return change(5, 20, 2);
    case live_trouble::cut: return cut(0.3, step.whom);
    case live_trouble::refuse:
      world().fault({{"stream", "live"}, {"kind", step.whom}, {"times", 5}});
      return;
    case live_trouble::restart_apis: return world().restart_apis();
    case live_trouble::order: return order(3);
    case live_trouble::kill: return cluster_.kill(step.whom);
    case live_trouble::terminate:
      cluster_.process(step.whom).ask_to_stop();
      leaving_.insert(step.whom);
      return;
    case live_trouble::drain:
      drained_.insert(step.whom);
      return say_to_any("/api/v1/nodes/" + step.whom + "/drain");
    case live_trouble::undrain:
      drained_.erase(step.whom);
      return say_to_any("/api/v1/nodes/" + step.whom + "/undrain");
    case live_trouble::start: return start(step.whom);
  }
}

void live_cluster::end_trouble() {
  world().control("/control/live/cut", {{"stop", true}});
  world().clear_faults();
  for (const auto& name : nodes_) {
    if (leaving_.contains(name) || !cluster_.process(name).is_running())
      start(name);
    cluster_.await_up(name);
  }
  for (const auto& name : drained_)
    say_to_any("/api/v1/nodes/" + name + "/undrain");
  await_events();
}

std::chrono::milliseconds live_cluster::await_quiet(std::chrono::seconds limit) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  await_events();
  calm_since_ = world().number("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint");
  const auto calm = std::to_string(calm_since_);
  auto quiet_since = begin; // what was delivered may not be committed yet, and raise doubts when it is
  auto verified = begin;
  await(
    "all listen, all gaps are closed, all doubts are settled",
    [&] {
      const bool is_quiet = world().number("SELECT count(*) FROM listener WHERE state = 0") == static_cast<int64_t>(world().tenants().size())
                            && world().number("SELECT (SELECT count(*) FROM " + open_gaps(calm_since_) + ") + (SELECT count(*) FROM recheck) "
                               "+ (SELECT count(*) FROM listener WHERE account IS NOT NULL AND swept_until < " + calm + ") "
                               "+ (SELECT count(*) FROM run WHERE phase = 0 AND kind <> 3) + (SELECT count(*) FROM requested_run WHERE kind <> 3)") == 0;
      if (!is_quiet)
        quiet_since = steady_clock::now();
      if (!is_quiet || steady_clock::now() - quiet_since < std::chrono::seconds{1})
        return false;
      verified = steady_clock::now();
      return is_verified(world().audit({"--keep-deleted"}));
    },
    limit, [&] { return unrest() + "\n" + world().audit_text(); });
  return std::chrono::duration_cast<std::chrono::milliseconds>(verified - begin);
}

void live_cluster::await_events() {
  await("all events are delivered",
        [&] { return world().control_lines("/control/live/settled?timeout_ms=1000").at(0).at("settled").as_bool(); });
}

void live_cluster::verify_deletes(std::chrono::seconds limit_of_each) {
  constexpr int most = 5;
  for (int passes = 1;; ++passes) {
    read_all(limit_of_each);
    // Each later sweep adds one that the next pass verifies.
    const auto left = world().number("SELECT count(*) FROM live_gap WHERE state = 3 AND from_us < " + std::to_string(calm_since_));
    if (left == 0)
      return;
    if (passes == most)
      throw std::runtime_error{"after " + std::to_string(most) + " full passes deletes of " + std::to_string(left) + " gaps are unverified\n" + unrest()};
  }
}

void live_cluster::read_all(std::chrono::seconds limit) {
  const auto before = world().number("SELECT coalesce(max(id), 0) FROM run");
  for (const auto& tenant : world().tenants())
    world().trigger(tenant, "full");
  await(
    "all full passes end",
    [&] {
      return world().number("SELECT count(DISTINCT connection_id) FROM run WHERE kind = 4 AND phase = 1 AND id > " + std::to_string(before))
             == static_cast<int64_t>(world().tenants().size());
    },
    limit, [&] { return unrest(); });
}

void live_cluster::change(int inserts, int edits, int deletes) {
  world().control("/control/mutate", {{"inserts", inserts}, {"edits", edits}, {"deletes", deletes}, {"seed", random_.next()}});
}

void live_cluster::cut(double share, const std::string& how) {
  world().control("/control/live/cut", {{"share", share}, {"how", how}});
}

void live_cluster::order(int count) {
  const auto up = cluster_.running();
  for (int i = 0; i < count && !up.empty(); ++i)
    std::ignore = cluster_.trigger_at(random_.one_of(up), random_.one_of(world().tenants()));
}

void live_cluster::start(const std::string& name) {
  if (nodes_.contains(name)) {
    // Of a SIGTERM before: it ends by itself in bounded time, and well; at once (143) where it was just beginning.
    auto code = cluster_.process(name).await_end(30s);
    if (code != 0 && code != 137 && code != 143)
      throw std::runtime_error{name + " ended with " + std::to_string(code) + "\n" + cluster_.logs()};
  }
  nodes_.insert(name);
  leaving_.erase(name);
  launch(name);
}

void live_cluster::say_to_any(const std::string& target) {
  for (const auto& name : cluster_.running()) {
    cluster_.use(name);
    try {
      if (world().present_node().port != 0 && world().api_text("POST", target).status == 200)
        return;
    } catch (const std::exception&) {
      // It is about to end; another one is asked.
    }
  }
}

std::string live_cluster::unrest() {
  auto count = [&](const std::string& what, const std::string& from) { return what + " " + std::to_string(world().number("SELECT count(*) FROM " + from)) + ", "; };
  return count("listening", "listener WHERE state = 0") + count("silent", "listener WHERE state = 1") + count("handed over", "listener WHERE state = 2")
         + count("that count", open_gaps(calm_since_)) + count("not swept", "listener WHERE account IS NOT NULL AND swept_until < " + std::to_string(calm_since_))
         + count("gaps owed", "live_gap WHERE state = 0") + count("lasting", "gap WHERE until_us IS NULL") + count("under repair", "live_gap WHERE state = 1")
         + count("in doubt", "recheck") + count("put off", "recheck WHERE attempts > 0") + count("open runs", "run WHERE phase = 0")
         + count("requested", "requested_run") + count("suspended", "connection WHERE state <> 0") + "\n" + cluster_.logs();
}

} // namespace lode::test
