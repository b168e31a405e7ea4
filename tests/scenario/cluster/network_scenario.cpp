#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/redis_fixture.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Long enough that every node has something in work while the network is broken.
scenario_settings busy_tenants() {
  scenario_settings settings;
  settings.tenants = 30;
  settings.records = "posts=200,comments=1,contacts=300,orders=300,products=150,customers=150";
  settings.simapi = {"--latency-ms", "100"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
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

  void start(size_t nodes, scenario_settings settings = busy_tenants()) {
    cluster = std::make_unique<cluster_scenario>(network, std::move(settings));
    cluster->start_all(nodes);
    for (size_t i = 1; i <= nodes; ++i)
      names.insert("n" + std::to_string(i));
    cluster->await_owners(names);
    cluster->use("n1");
    world().sql("CREATE TABLE public.epochs_before AS SELECT id, epoch FROM shard");
  }
  scenario& world() { return cluster->world(); }

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

  const uint32_t network_seed = seed();
  std::shared_ptr<test_network> network;
  std::unique_ptr<cluster_scenario> cluster;
  std::set<std::string> names;
};

void tell(const std::string& what, steady_clock::time_point since) {
  auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - since);
  std::cout << what << " after " << passed.count() << " ms" << std::endl;
}

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
  auto begin = steady_clock::now();
  network->cut_both_ways("n1", "n2");
  network->cut("n1", "n3");
  network->cut("n3", "n2");
  await("all links are given up", [&] { return links_up() == 0; }, 40s, [&] { return cluster->logs(); });
  tell("all links are given up", begin);
  size_t asked = 0;
  for (const auto& tenant : world().tenants()) {
    cluster->use("n" + std::to_string(1 + asked++ % 3));
    world().trigger(tenant);
  }
  begin = steady_clock::now();
  network->heal();
  await("all are linked again", [&] { return links_up() == 6; }, 40s, [&] { return cluster->logs(); });
  tell("all are linked again", begin);
  world().await_runs(2);
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
  world().await_pages(100);
  auto begin = steady_clock::now();
  network->cut_both_ways("n2", "postgres");
  network->cut("n3", "postgres");
  network->cut("postgres", "n4");
  cluster->await_owners({"n1"}, 10s);
  tell("three of four nodes are taken over", begin);
  std::map<std::string, std::pair<size_t, int64_t>> then; // requests, groups
  for (const auto& name : cut)
    then[name] = {network->sent(name, "apis"), groups_of(before[name])};
  world().await_pages(world().pages_served() + 60);
  for (const auto& name : cut)
    EXPECT_EQ(network->sent(name, "apis"), then[name].first) << name << " sends requests though its lease is over";
  EXPECT_EQ(world().number("SELECT count(*) FROM run WHERE phase <> 0"), 0) << "the cut was to be while all were mined";
  begin = steady_clock::now();
  network->heal();
  cluster->await_owners(names, 60s);
  tell("all have come back", begin);
  for (const auto& name : cut) {
    EXPECT_NE(life(name), before[name]) << name;
    EXPECT_EQ(groups_of(before[name]), then[name].second) << name << " has committed something after others had claimed its shards";
  }
  world().await_runs();
  expect_verified();
}

} // namespace
} // namespace lode::test
