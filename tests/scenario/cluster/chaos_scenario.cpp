#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/scenario/cluster/chaos_plan.hpp"
#include "tests/support/cluster_scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

scenario_settings busy_for_long(bool is_long) {
  scenario_settings settings;
  settings.own_server = true;
  settings.tenants = is_long ? 60 : 12;
  settings.records = is_long ? "posts=300,comments=1,contacts=900,orders=900,products=300,customers=300"
                             : "posts=120,comments=1,contacts=400,orders=400,products=150,customers=150";
  settings.simapi = {"--latency-ms", "60", "--request-log", "2000000"};
  settings.node = {{"mining.window", "2"}, {"mining.miners_per_tenant", "2"}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 10"}, {"page_size: 250", "page_size: 10"}};
  return settings;
}

/// Carries out a plan, and then brings everything back to rest.
class chaos {
public:
  chaos(cluster_scenario& cluster, uint32_t seed) : cluster_(cluster), random_(seed) {
    for (const std::string name : {"n1", "n2", "n3"})
      nodes_.insert(name);
  }

  void carry_out(const chaos_step& step) {
    auto end = std::chrono::steady_clock::now() + step.pause;
    await("the pause is over", [&] { return std::chrono::steady_clock::now() >= end; });
    switch (step.what) {
      case trouble::kill: return cluster_.kill(step.node);
      case trouble::freeze: return freeze(step.node);
      case trouble::thaw: return thaw(step.node);
      case trouble::terminate: return terminate(step.node);
      case trouble::start: return start(step.node);
      case trouble::fast_restart: return world().database().stop_server(), world().database().start_server();
      case trouble::immediate_restart: return world().database().quit_server(), world().database().start_server();
      case trouble::everything: return strike_everything();
      case trouble::change: return change();
      case trouble::order: return order();
    }
  }

  void come_to_rest() {
    while (!frozen_.empty())
      thaw(*frozen_.begin());
    for (const auto& name : nodes_) {
      if (!is_up(name))
        start(name);
      cluster_.await_up(name);
    }
    // One that had flapped waits before it takes part.
    cluster_.await_owners(nodes_, 60s);
    await_quiet();
    world().await_settled();
    // Sessions of consoles that have not asked since a restart of the database fail once.
    for (const auto& tenant : world().tenants())
      await("a run of " + tenant + " is taken", [&] { return cluster_.trigger_at(*nodes_.begin(), tenant).status == 202; });
    await_quiet();
    cluster_.use(*nodes_.begin());
  }

private:
  scenario& world() { return cluster_.world(); }

  bool is_up(const std::string& name) { return !leaving_.contains(name) && cluster_.process(name).is_running(); }

  void terminate(const std::string& name) {
    cluster_.process(name).ask_to_stop();
    leaving_.insert(name);
  }
  void freeze(const std::string& name) {
    cluster_.pause(name);
    frozen_.insert(name);
  }
  void thaw(const std::string& name) {
    cluster_.go_on(name);
    frozen_.erase(name);
  }
  void start(const std::string& name) {
    if (nodes_.contains(name))
      ended(name);
    nodes_.insert(name);
    leaving_.erase(name);
    cluster_.launch(name);
  }
  /// Of a SIGTERM before: it ends by itself in bounded time, and well.
  void ended(const std::string& name) {
    auto code = cluster_.process(name).await_end(30s);
    if (code != 0 && code != 137)
      throw std::runtime_error{name + " ended with " + std::to_string(code) + "\n" + cluster_.logs()};
  }
  void strike_everything() {
    world().database().crash_server();
    for (const auto& name : nodes_)
      cluster_.kill(name);
    frozen_.clear();
    leaving_.clear();
    for (const auto& name : nodes_)
      cluster_.launch(name);
    world().database().start_server();
  }
  void change() {
    world().control("/control/mutate", {{"inserts", 10}, {"edits", 60}, {"deletes", 0}, {"seed", random_()}});
  }
  /// Of whom and by whom does not matter, and whether it succeeds neither: nodes come and go.
  void order() {
    for (const auto& name : nodes_)
      if (!frozen_.contains(name))
        for (int i = 0; i < 3; ++i)
          std::ignore = cluster_.trigger_at(name, world().tenants()[random_() % world().tenants().size()]);
  }
  void await_quiet() {
    await(
      "all runs end",
      [&] { return world().number("SELECT (SELECT count(*) FROM requested_run) + (SELECT count(*) FROM run WHERE phase = 0)") == 0; }, 120s,
      [&] { return cluster_.logs(); });
  }

  cluster_scenario& cluster_;
  std::mt19937 random_;
  std::set<std::string> nodes_;
  std::set<std::string> frozen_;
  std::set<std::string> leaving_; ///< told to stop, not waited for
};

void expect_no_harm(cluster_scenario& cluster) {
  auto& world = cluster.world();
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0) << "no page is guilty of a kill from outside";
  EXPECT_EQ(world.number("SELECT count(*) FROM run WHERE phase <> 1"), 0) << "all runs have ended well";
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
  EXPECT_EQ(cluster.epochs_that_did_not_grow(), 0);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

void live_through(uint32_t seed, size_t steps, bool is_long) {
  const auto plan = plan_chaos(seed, steps);
  const auto what_was_done = "LODE_SEED=" + std::to_string(seed) + "\n" + text_of(plan);
  SCOPED_TRACE(what_was_done);
  cluster_scenario cluster{busy_for_long(is_long)};
  cluster.start_all(3);
  cluster.watch_epochs();
  cluster.world().import_tenants();
  size_t done = 0;
  try {
    chaos trouble{cluster, seed};
    for (const auto& step : plan) {
      ++done;
      trouble.carry_out(step);
    }
    trouble.come_to_rest();
    expect_no_harm(cluster);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "in step " << done << " or after: " << error.what();
  }
}

TEST(chaos_plan, is_the_same_for_the_same_seed_and_leaves_a_node_up) {
  EXPECT_EQ(plan_chaos(7, 200), plan_chaos(7, 200));
  EXPECT_NE(plan_chaos(7, 200), plan_chaos(8, 200));
  std::set<std::string> up{"n1", "n2", "n3"}, known = up;
  for (const auto& step : plan_chaos(7, 500)) {
    if (step.what == trouble::kill || step.what == trouble::terminate || step.what == trouble::freeze) {
      EXPECT_EQ(up.erase(step.node), 1u) << step.node;
    } else if (step.what == trouble::start || step.what == trouble::thaw) {
      EXPECT_TRUE(up.insert(step.node).second) << step.node;
    } else if (step.what == trouble::everything) {
      up = known;
    }
    known.insert(up.begin(), up.end());
    EXPECT_FALSE(up.empty());
  }
}

TEST(chaos_scenario, kills_freezes_restarts_and_joins_at_random_lose_and_repeat_nothing) {
  const auto* given = std::getenv("LODE_SEED");
  const bool is_long = std::getenv("LODE_LONG") != nullptr;
  auto seed = given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : is_long ? std::random_device{}() : 73;
  std::cout << "LODE_SEED=" << seed << std::endl;
  // A broker of CAF's that is amid a lost link when the node stops is not freed: the exit code shall be the node's own.
  const auto* sanitizer = std::getenv("ASAN_OPTIONS");
  setenv("ASAN_OPTIONS", (std::string{sanitizer ? sanitizer : ""} + ":detect_leaks=0").c_str(), 1);
  live_through(seed, is_long ? 120 : 14, is_long);
}

} // namespace
} // namespace lode::test
