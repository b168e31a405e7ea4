#include <algorithm>

#include "tests/scenario/cluster/network_fixture.hpp"

namespace lode::test {
namespace {

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
  // Whoever fetches ahead soon waits for commits. Those who are told to come again later have a reason to send after the lease.
  world().fault({{"kind", "too_many_requests"}, {"retry_after_s", 1}});
  network->cut_both_ways("n2", "postgres");
  network->cut("n3", "postgres");
  network->cut("postgres", "n4");
  cluster->await_owners({"n1"}, 10s);
  tell("three of four nodes are taken over");
  std::map<std::string, std::pair<size_t, int64_t>> then; // requests, groups
  for (const auto& name : cut)
    then[name] = {network->sent(name, "apis"), groups_of(before[name])};
  const auto asked = network->sent("n1", "apis") + 80;
  await("the one that is left asks in vain for some seconds", [&] { return network->sent("n1", "apis") >= asked; }, 30s,
        [&] { return cluster->logs(); });
  tell("the APIs were asked 80 times more");
  for (const auto& name : cut)
    EXPECT_EQ(network->sent(name, "apis"), then[name].first) << name << " sends requests though its lease is over";
  world().clear_faults();
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
  if (!std::getenv("LODE_LONG"))
    GTEST_SKIP() << "its cause is tried by postgres_connection_test; with a whole node: LODE_LONG=1";
  auto settings = busy_tenants();
  settings.node["cluster.drain_timeout"] = "1s";
  start(2, settings);
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
  if (!std::getenv("LODE_LONG"))
    GTEST_SKIP() << "takes minutes: LODE_LONG=1";
  constexpr int rounds = 30;
  start_redis();
  start(3);
  world().import_tenants();
  std::mt19937 random{network_seed};
  const std::vector<std::string> ends{"n1", "n2", "n3", "postgres", "postgres", "redis"};
  auto pass_time = [](std::chrono::milliseconds length) {
    const auto end = steady_clock::now() + length;
    await("it is time", [&] { return steady_clock::now() > end; });
  };
  size_t runs = 1;
  for (int round = 1; round <= rounds; ++round) {
    for (auto cuts = 1 + random() % 3; cuts > 0; --cuts) {
      const auto node = ends[random() % 3];
      const auto other = ends[random() % ends.size()];
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

TEST_F(network_scenario, packets_that_are_late_or_lost_cost_no_record_and_hardly_a_life) {
  auto settings = busy_tenants();
  settings.tenants = 6;
  settings.records = "posts=12,comments=1,contacts=80,orders=60,products=40,customers=40";
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
