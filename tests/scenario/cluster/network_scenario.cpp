#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/redis_fixture.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Long enough that every node has something in work while the network is broken.
scenario_settings busy_tenants() {
  scenario_settings settings;
  settings.tenants = 18;
  settings.records = "posts=200,comments=1,contacts=400,orders=400,products=200,customers=200";
  settings.simapi = {"--latency-ms", "100"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  return settings;
}

constexpr size_t budget = 50;
constexpr std::chrono::milliseconds span = 2s;

/// More work than the budget lets through while the test lasts.
scenario_settings hungry_shops() {
  scenario_settings settings;
  settings.tenants = 18;
  settings.dialects = "shop";
  settings.records = "orders=300,products=40,customers=40";
  settings.source_edits = {{"page_size: 250", "page_size: 20"},
                           {"  x_lode:\n    settle_time: 1s", "  x_lode:\n    settle_time: 1s\n    budgets: [{scope: app, requests: 50, per: 2s}]"}};
  return settings;
}

uint32_t seed() {
  const auto* given = std::getenv("LODE_SEED");
  return given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
}

/// Nodes, PostgreSQL, Redis and the simulated APIs, each in a network namespace of its own.
struct network_scenario : testing::Test {
  void SetUp() override {
    if (auto why = test_network::obstacle(); !why.empty())
      GTEST_SKIP() << "no network namespaces here (" << why << "); what goes without them is tried over loopback by cluster_scenario";
    std::cout << "LODE_SEED=" << network_seed << std::endl;
    network = std::make_shared<test_network>(network_seed);
  }

  /// For nodes that are started after it.
  void start_redis() {
    const auto place = network->place("redis");
    const inside there{place};
    redis = std::make_unique<test_redis>(std::vector<std::string>{"--port", "6379", "--bind", place->address(), "--protected-mode", "no"});
  }
  void start(size_t nodes, scenario_settings settings = busy_tenants()) {
    if (redis)
      settings.node["cache.redis_url"] = "redis://" + network->place("redis")->address();
    cluster = std::make_unique<cluster_scenario>(network, std::move(settings));
    cluster->start_all(nodes);
    for (size_t i = 1; i <= nodes; ++i)
      names.insert("n" + std::to_string(i));
    cluster->await_owners(names);
    await_quiet();
    tell(std::to_string(nodes) + " nodes share the shards");
    cluster->use("n1");
    world().sql("CREATE TABLE public.epochs_before AS SELECT id, epoch FROM shard");
  }
  scenario& world() { return cluster->world(); }

  /// Until no shard changes hands any more: a view is acted on when it is a second old.
  void await_quiet() {
    auto epochs = [this] { return world().number("SELECT sum(epoch)::bigint FROM shard"); };
    auto last = epochs();
    auto since = steady_clock::now();
    await("no shard changes hands for 3 s", [&] {
      if (auto now = epochs(); now != last) {
        last = now;
        since = steady_clock::now();
      }
      return steady_clock::now() - since > 3s;
    }, 60s);
  }

  /// TCP connections to PostgreSQL that a node takes for open.
  int64_t connections(const std::string& name) {
    const inside there{network->place(name)};
    std::istringstream table{read_file("/proc/thread-self/net/tcp")};
    int64_t count = 0;
    for (std::string number, local, remote, state, rest; table >> number >> local >> remote >> state && std::getline(table, rest);)
      count += remote.ends_with(":1538") && state == "01"; // 5432, ESTABLISHED
    return count;
  }
  /// What PostgreSQL thinks of them.
  int64_t sessions(const std::string& name) {
    return world().number("SELECT count(*) FROM pg_stat_activity WHERE client_addr = '" + network->place(name)->address() + "'");
  }

  /// When the APIs got each request, in their own milliseconds.
  std::vector<int64_t> arrivals() {
    std::vector<int64_t> out;
    for (const auto& each : world().requests())
      out.push_back(number_in(each, "time"));
    std::sort(out.begin(), out.end());
    return out;
  }
  void await_requests(size_t more) {
    const auto before = arrivals().size();
    await(std::to_string(more) + " more requests", [&] { return arrivals().size() >= before + more; }, 60s, [&] { return cluster->logs(); });
  }
  /// The most requests of any span.
  size_t most_in_a_span() {
    const auto times = arrivals();
    size_t most = 0;
    for (size_t first = 0, end = 0; first < times.size(); ++first) {
      while (end < times.size() && times[end] - times[first] < span.count())
        ++end;
      most = std::max(most, end - first);
    }
    return most;
  }

  /// Of the life that a node has at the moment.
  std::string life(const std::string& name) {
    return std::to_string(world().number("SELECT incarnation FROM node WHERE name = '" + name + "' AND state <> 3"));
  }
  int64_t groups_of(const std::string& life) {
    return world().number("SELECT coalesce(sum(last_group), 0)::bigint FROM writer WHERE incarnation = " + life);
  }
  int64_t shards_with_epoch(const std::string& compared) {
    return world().number("SELECT count(*) FROM shard s JOIN public.epochs_before b USING (id) WHERE s.epoch " + compared + " b.epoch");
  }
  void expect_verified() {
    EXPECT_TRUE(is_verified(world().audit())) << world().audit_text();
    EXPECT_EQ(cluster->commits_out_of_epoch(), 0);
    EXPECT_EQ(shards_with_epoch("<"), 0) << "epochs only grow";
  }

  /// For who reads the output.
  void tell(const std::string& what) {
    auto now = steady_clock::now();
    auto since = [now](auto then) { return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count()); };
    std::cout << since(began) << " ms: " << what << " (" << since(told) << " ms)" << std::endl;
    told = now;
  }

  const steady_clock::time_point began = steady_clock::now();
  steady_clock::time_point told = began;
  const uint32_t network_seed = seed();
  std::shared_ptr<test_network> network;
  std::unique_ptr<cluster_scenario> cluster;
  std::unique_ptr<test_redis> redis;
  std::set<std::string> names;
};

TEST_F(network_scenario, nodes_that_do_not_hear_each_other_keep_their_tenants_and_carry_out_commands) {
  start(3);
  const std::vector<std::pair<std::string, std::string>> links{{"n1", "n2"}, {"n1", "n3"}, {"n2", "n3"}};
  auto links_up = [&] {
    size_t up = 0;
    for (const auto& [one, other] : links)
      up += (cluster->link(one, other) == "up") + (cluster->link(other, one) == "up");
    return up;
  };
  await("all are linked", [&] { return links_up() == 6; }, 30s, [&] { return cluster->logs(); });
  world().import_tenants();
  world().await_pages(60);
  tell("all are linked, and mined");
  network->cut_both_ways("n1", "n2");
  network->cut("n1", "n3");
  network->cut("n3", "n2");
  await("all links are given up", [&] { return links_up() == 0; }, 40s, [&] { return cluster->logs(); });
  tell("all links are given up");
  size_t asked = 0;
  for (const auto& tenant : world().tenants()) {
    cluster->use("n" + std::to_string(1 + asked++ % 3));
    world().trigger(tenant);
  }
  network->heal();
  await("all are linked again", [&] { return links_up() == 6; }, 40s, [&] { return cluster->logs(); });
  tell("all are linked again");
  world().await_runs(2);
  tell("all commands are carried out");
  EXPECT_EQ(shards_with_epoch("<>"), 0) << "a shard has changed hands";
  EXPECT_EQ(world().number("SELECT count(*) FROM node"), 3) << "a node has begun a new life";
  expect_verified();
}

TEST_F(network_scenario, nodes_that_are_cut_from_PostgreSQL_are_taken_over_do_nothing_more_and_come_back_as_another_life) {
  start(4);
  const std::vector<std::string> cut{"n2", "n3", "n4"};
  std::map<std::string, std::string> before;
  for (const auto& name : cut)
    before[name] = life(name);
  world().import_tenants();
  await("each node has something in work", [&] {
    return world().number("SELECT count(DISTINCT s.owner) FROM run r JOIN tenant t ON t.id = r.tenant_id JOIN shard s ON s.id = t.shard "
                          "WHERE r.phase = 0") == 4;
  }, 30s);
  world().await_pages(60);
  tell("all are mined");
  network->cut_both_ways("n2", "postgres");
  network->cut("n3", "postgres");
  network->cut("postgres", "n4");
  cluster->await_owners({"n1"}, 10s);
  tell("three of four nodes are taken over");
  std::map<std::string, std::pair<size_t, int64_t>> then; // requests, groups
  for (const auto& name : cut)
    then[name] = {network->sent(name, "apis"), groups_of(before[name])};
  world().await_pages(world().pages_served() + 60);
  for (const auto& name : cut)
    EXPECT_EQ(network->sent(name, "apis"), then[name].first) << name << " sends requests though its lease is over";
  network->heal();
  cluster->await_owners(names, 60s);
  tell("all have come back");
  for (const auto& name : cut) {
    EXPECT_NE(life(name), before[name]) << name;
    EXPECT_EQ(groups_of(before[name]), then[name].second) << name << " has committed something after others had claimed its shards";
  }
  world().await_runs();
  tell("all runs have ended");
  expect_verified();
}

TEST_F(network_scenario, a_node_that_is_cut_from_PostgreSQL_ends_when_it_is_told_to) {
  start(2);
  world().import_tenants();
  world().await_pages(60);
  network->cut_both_ways("n2", "postgres");
  await("its connections are given up", [&] { return connections("n2") == 0; }, 20s);
  tell("the node has given up all its connections");
  cluster->stop("n2");
  tell("it has ended");
  cluster->await_owners({"n1"}, 20s);
  world().await_runs();
  expect_verified();
}

/// Which ways are cut, when and for how long is drawn from the seed.
TEST_F(network_scenario, a_network_that_breaks_at_random_costs_no_record) {
  const int rounds = std::getenv("LODE_LONG") ? 40 : 3;
  start_redis();
  start(3);
  world().import_tenants();
  std::mt19937 random{network_seed};
  const std::vector<std::string> ends{"n1", "n2", "n3", "postgres", "postgres", "redis"};
  auto one_of = [&](size_t first) { return ends[first + random() % (ends.size() - first)]; };
  auto pass_time = [](std::chrono::milliseconds length) {
    const auto end = steady_clock::now() + length;
    await("it is time", [&] { return steady_clock::now() > end; });
  };
  size_t runs = 1;
  for (int round = 1; round <= rounds; ++round) {
    for (auto cuts = 1 + random() % 3; cuts > 0; --cuts) {
      const auto node = ends[random() % 3];
      const auto other = one_of(0);
      const auto kind = random() % 3;
      if (kind != 0)
        network->cut(node, other);
      if (kind != 1)
        network->cut(other, node);
    }
    pass_time(std::chrono::milliseconds{200 + random() % 7'000});
    network->heal();
    pass_time(std::chrono::milliseconds{random() % 2'000});
    if (round % 5 == 0) { // a pass is done, records change, the next one begins
      world().await_runs(runs++);
      world().control("/control/mutate", {{"inserts", 20}, {"edits", 40}, {"seed", round}});
      world().await_settled();
      world().trigger_all();
    }
  }
  cluster->await_owners(names, 90s);
  world().await_runs(runs);
  tell(std::to_string(world().number("SELECT count(*) FROM node") - 3) + " lives were given up");
  expect_verified();
}

TEST_F(network_scenario, ways_to_PostgreSQL_that_come_and_go_leave_no_sessions_behind) {
  start(1); // nobody else to declare it gone
  const auto alive = life("n1");
  network->cut_both_ways("n1", "postgres");
  await("the node has given up all its connections", [&] { return connections("n1") == 0; }, 20s);
  tell("the node has given up all its connections");
  network->heal();
  await("the node is back", [&] { return world().api_text("GET", "/readyz").status == 200 && connections("n1") > 0; }, 20s);
  await("each session at PostgreSQL has its end at the node", [&] { return sessions("n1") == connections("n1"); }, 20s,
        [&] { return std::to_string(sessions("n1")) + " sessions, " + std::to_string(connections("n1")) + " connections"; });
  tell("each session at PostgreSQL has its end at the node");
  EXPECT_EQ(life("n1"), alive);
}

TEST_F(network_scenario, a_node_that_is_cut_from_Redis_goes_on_and_all_together_stay_within_the_budget) {
  start_redis();
  start(3, hungry_shops());
  world().import_tenants();
  await_requests(budget);
  tell("three nodes use the budget that Redis hands out");
  network->cut_both_ways("n1", "redis");
  await_requests(3 * budget / 2);
  tell("n1 is cut from Redis");
  network->heal();
  network->cut("n2", "redis");
  network->cut("redis", "n3");
  await_requests(3 * budget / 2);
  tell("n2 and n3 are cut from Redis, one way each");
  EXPECT_GT(world().number("SELECT count(*) FROM run WHERE phase = 0"), 0) << "too little work: the test shows nothing";
  network->heal();
  world().await_runs();
  tell("all are mined; most requests in a span: " + std::to_string(most_in_a_span()));
  EXPECT_LE(most_in_a_span(), budget);
  EXPECT_EQ(shards_with_epoch("<>"), 0) << "a shard has changed hands";
  expect_verified();
}

TEST_F(network_scenario, packets_that_are_late_or_lost_cost_no_record_and_hardly_a_life) {
  auto settings = busy_tenants();
  settings.tenants = 6;
  settings.records = "posts=30,comments=1,contacts=200,orders=100,products=60,customers=60";
  settings.simapi.clear();
  start(3, settings);
  world().import_tenants();
  network->disturb(0.1, 50ms);
  world().await_runs();
  tell("all are mined, " + std::to_string(network->lost()) + " packets were lost");
  const auto lives = world().number("SELECT count(*) FROM node");
  tell(std::to_string(lives - 3) + " lives were given up");
  EXPECT_LE(lives - 3, 2);
  network->disturb(0, 0ms);
  cluster->await_owners(names);
  await("each session at PostgreSQL has its end at its node", [&] {
    return std::ranges::all_of(names, [&](const auto& name) { return sessions(name) == connections(name); });
  }, 30s);
  expect_verified();
}

} // namespace
} // namespace lode::test
