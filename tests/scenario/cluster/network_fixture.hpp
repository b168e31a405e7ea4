#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>

#include "tests/support/cluster_scenario.hpp"
#include "tests/support/redis_fixture.hpp"

namespace lode::test {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Long enough that every node has something in work while the network is broken.
inline scenario_settings busy_tenants() {
  scenario_settings settings;
  settings.tenants = 18;
  settings.records = "posts=200,comments=1,contacts=400,orders=400,products=200,customers=200";
  settings.simapi = {"--latency-ms", "100"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  return settings;
}

inline uint32_t seed() {
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
    await("no shard changes hands for 2 s", [&] {
      if (auto now = epochs(); now != last) {
        last = now;
        since = steady_clock::now();
      }
      return steady_clock::now() - since > 2s;
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

} // namespace lode::test
