#include <gmock/gmock.h>

#include <algorithm>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/killer_page.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

scenario_settings many_small_pages(int tenants) {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.records = "posts=100,comments=1,contacts=400,orders=300,products=100,customers=100";
  settings.simapi = {"--latency-ms", "40"};
  settings.node = {{"mining.window", "2"}, {"mining.miners_per_tenant", "2"}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 10"}, {"page_size: 250", "page_size: 10"}};
  return settings;
}

void expect_no_harm(cluster_scenario& cluster) {
  EXPECT_TRUE(is_verified(cluster.world().audit())) << cluster.world().audit_text();
  EXPECT_EQ(cluster.commits_out_of_epoch(), 0);
  EXPECT_EQ(cluster.epochs_that_did_not_grow(), 0);
}

/// Once a survivor is amid the claim of what a dead node owned.
void await_claim(scenario& world) {
  await("a claim is under way", [&] {
    return world.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%lode_claim%'") > 0;
  }, 20s);
}

TEST(storm_scenario, a_database_that_ends_amid_a_claim_of_a_dead_nodes_shards_costs_only_its_time) {
  auto settings = many_small_pages(24);
  settings.own_server = true;
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  cluster.watch_epochs();
  world.import_tenants();
  world.await_pages(60);
  const std::pair<std::string, void (scenario_database::*)()> ways[] = {
    {"n2", &scenario_database::crash_server}, {"n3", &scenario_database::stop_server}};
  for (const auto& [victim, end] : ways) {
    auto rest = std::set<std::string>{"n1", "n2", "n3"};
    rest.erase(victim);
    cluster.kill(victim);
    {
      // Holds up the claim, so that the end comes in its midst.
      test_session other{world.database().dsn()};
      other.run("BEGIN; SELECT FROM shard s JOIN node n ON n.incarnation = s.owner WHERE n.name = '" + victim + "' FOR UPDATE OF s");
      await_claim(world);
      (world.database().*end)();
    }
    world.database().start_server();
    cluster.await_owners(rest, 15s);
    cluster.start(victim);
    cluster.await_owners({"n1", "n2", "n3"}, 45s);
  }
  cluster.use("n1");
  world.await_runs();
  expect_no_harm(cluster);
}

TEST(storm_scenario, nodes_that_join_and_leave_every_second_lose_no_order_and_no_record) {
  cluster_scenario cluster{many_small_pages(18)};
  auto& world = cluster.world();
  cluster.start("n1");
  cluster.watch_epochs();
  world.import_tenants();
  const std::vector<std::string> storm{"n2", "n3", "n4", "n5"};
  std::map<std::string, int64_t> accepted;
  size_t asked = 0;
  const auto ask_until = [&](std::chrono::steady_clock::time_point end) {
    await("the second is over", [&] {
      const auto& tenant = world.tenants()[asked % world.tenants().size()];
      const auto nodes = cluster.running();
      if (cluster.trigger_at(nodes[asked++ % nodes.size()], tenant).status == 202)
        ++accepted[tenant];
      return std::chrono::steady_clock::now() >= end;
    });
  };
  auto second = std::chrono::steady_clock::now();
  for (size_t i = 0; i < 16; ++i) {
    const auto& name = storm[i % storm.size()];
    const bool is_up = std::ranges::count(cluster.running(), name) > 0;
    if (!is_up)
      cluster.launch(name);
    else if (i % 8 < 5)
      cluster.process(name).ask_to_stop();
    else
      cluster.kill(name);
    ask_until(second += 1s);
  }
  for (const auto& name : storm) {
    if (cluster.running().size() > 0 && std::ranges::count(cluster.running(), name) > 0)
      cluster.process(name).ask_to_stop();
    EXPECT_THAT(cluster.process(name).await_end(40s), testing::AnyOf(0, 137)) << cluster.logs();
  }
  cluster.await_owners({"n1"}, 20s);
  cluster.use("n1");
  await("all that was accepted is done", [&] {
    return world.number("SELECT (SELECT count(*) FROM requested_run) + (SELECT count(*) FROM run WHERE phase = 0)") == 0;
  }, 90s, [&] { return cluster.logs(); });
  EXPECT_GT(asked, 30u);
  for (const auto& [tenant, orders] : accepted) {
    const auto runs = world.number("SELECT count(*) FROM run r JOIN tenant t ON t.id = r.tenant_id WHERE r.kind = 1 AND t.name = '" + tenant + "'");
    EXPECT_GE(runs, 1) << tenant;
    EXPECT_LE(runs, orders) << tenant << ": a run that nobody asked for";
  }
  EXPECT_EQ(world.number("SELECT count(*) FROM run WHERE phase <> 1"), 0);
  expect_no_harm(cluster);
}

constexpr auto killer = "graph-007";

TEST(storm_scenario, a_page_that_kills_node_after_node_is_found_out_before_it_has_gone_round_twice) {
  scenario_settings settings;
  settings.tenants = 40;
  settings.dialects = "graph";
  settings.streams = {"posts"};
  settings.records = "posts=30,comments=0";
  settings.source_edits = {{"page_size: 100", "page_size: 10"}};
  settings.schedule = nullptr;
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  poison_a_record(world, killer);
  world.import_tenants_for_the_next_start();
  cluster.watch_epochs();
  world.sql("UPDATE due SET due = (extract(epoch FROM now()) * 1000000)::bigint"); // none was missed: one run each
  const auto fault = std::string{"processor.on_page="} + poison;
  const std::vector<std::string> names{"n1", "n2", "n3"};
  for (const auto& name : names)
    cluster.launch(name, fault);
  std::vector<std::string> deaths;
  std::set<std::string> dead;
  await("the connection is suspended", [&] {
    for (const auto& name : names)
      if (!dead.contains(name) && !cluster.process(name).is_running()) {
        deaths.push_back(name);
        dead.insert(name);
      }
    // Started again only once others have its work: it is they who shall die of it.
    for (const auto& name : names)
      if (dead.contains(name) && (dead.size() == names.size() || cluster.shards()[name] == 0)) {
        cluster.launch(name, fault);
        dead.erase(name);
        break;
      }
    return deaths.size() > 12 || world.number("SELECT count(*) FROM connection WHERE state <> 0") > 0;
  }, 150s, [&] { return testing::PrintToString(deaths) + cluster.logs(); });
  EXPECT_GE(deaths.size(), 5u) << "no proof with fewer";
  EXPECT_LE(deaths.size(), 6u) << testing::PrintToString(deaths);
  EXPECT_GT(std::set<std::string>(deaths.begin(), deaths.end()).size(), 1u) << "one node alone died: " << testing::PrintToString(deaths);
  for (const auto& name : names) {
    if (!cluster.process(name).is_running())
      cluster.launch(name, fault);
    cluster.await_up(name);
  }
  world.await_state(killer, "suspended");
  EXPECT_THAT(text_in(world.connection(killer), "reason"), HasSubstr("graph-007/main/posts: the process died while this page was in work"));
  world.await_runs();
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 1);
  EXPECT_EQ(world.number("SELECT count(DISTINCT connection_id) FROM run WHERE phase = 1"), 39);
  for (const auto& name : names)
    EXPECT_TRUE(cluster.process(name).is_running()) << name << " died after the page was found out";
  EXPECT_TRUE(is_verified(world.audit({"--tenants", all_but(world, killer)}))) << world.audit_text();
  EXPECT_EQ(cluster.epochs_that_did_not_grow(), 0);
}

TEST(storm_scenario, tenants_that_are_taken_over_begin_at_a_steady_rate) {
  constexpr int per_second = 4;
  auto settings = many_small_pages(60);
  settings.simapi = {"--latency-ms", "400"};
  settings.node["mining.runs_resumed_per_second"] = std::to_string(per_second);
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(2);
  cluster.await_owners({"n1", "n2"});
  cluster.watch_epochs();
  world.import_tenants();
  await("all runs are open", [&] { return world.number("SELECT count(*) FROM run WHERE phase = 0") == 60; });
  world.await_pages(150);
  std::set<std::string> moved;
  for (const auto& tenant : world.tenants())
    if (world.number("SELECT count(*) FROM tenant t JOIN shard s ON s.id = t.shard JOIN node n ON n.incarnation = s.owner WHERE t.name = '"
                     + tenant + "' AND n.name = 'n2' AND EXISTS (SELECT FROM run r WHERE r.tenant_id = t.id AND r.phase = 0)") > 0)
      moved.insert(tenant);
  cluster.kill("n2");
  const auto killed = std::to_string(number_in(world.requests().back(), "seq"));
  cluster.await_owners({"n1"}, 10s);
  // When each of them is asked for first, on the clock of the simulated APIs.
  std::map<std::string, int64_t> began;
  await("all of them go on", [&] {
    for (const auto& each : world.control_lines("/control/requests?after=" + killed))
      if (auto tenant = text_in(each, "tenant"); moved.contains(tenant))
        began.try_emplace(tenant, number_in(each, "time"));
    return began.size() == moved.size();
  });
  ASSERT_GE(moved.size(), 15u);
  std::vector<int64_t> times;
  for (const auto& [tenant, time] : began)
    times.push_back(time);
  std::ranges::sort(times);
  // Half of what the rate demands: what is late on a busy machine comes closer together.
  EXPECT_GE(times.back() - times.front(), 1000 * static_cast<int64_t>(moved.size()) / per_second / 2);
  world.control("/control/settings", {{"latency_ms", 0}});
  cluster.use("n1");
  world.await_runs();
  expect_no_harm(cluster);
}

} // namespace
} // namespace lode::test
