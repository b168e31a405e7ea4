#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/scenario/cluster/arrivals.hpp"
#include "tests/support/cluster_scenario.hpp"
#include "tests/support/redis_fixture.hpp"

/// A budget of all nodes together, counted by the simulated API.
namespace lode::test {
namespace {

using namespace std::chrono_literals;

constexpr size_t budget = 100;
constexpr std::chrono::milliseconds span = 5s;

/// More work than the budget lets through while the test lasts.
scenario_settings hungry_shops() {
  scenario_settings settings;
  settings.tenants = 18;
  settings.dialects = "shop";
  settings.records = "orders=4000,products=40,customers=40";
  settings.source_edits = {{"page_size: 250", "page_size: 20"},
                           {"  x_lode:\n    settle_time: 1s", "  x_lode:\n    settle_time: 1s\n    budgets: [{scope: app, requests: 100, per: 5s}]"}};
  return settings;
}

/// What the API gets from now on for `length`, of all that the budget would let through.
double share_used(scenario& world, std::chrono::milliseconds length) {
  const auto from = world.control_lines("/control/stats").at(0);
  const std::chrono::milliseconds start{number_in(from, "now")};
  await("the time is over", [&] { return std::chrono::milliseconds{number_in(world.control_lines("/control/stats").at(0), "now")} >= start + length; });
  const auto times = arrivals(world);
  const auto count = std::count_if(times.begin(), times.end(), [&](auto t) { return t >= start && t < start + length; });
  return static_cast<double>(count) / (static_cast<double>(budget) * static_cast<double>(length.count()) / static_cast<double>(span.count()));
}

void tell(const std::string& what, double value) {
  std::cout << what << ": " << value << "\n";
  testing::Test::RecordProperty(what, std::to_string(value));
}

void expect_never_exceeded(scenario& world) {
  const auto most = most_in_a_span(arrivals(world), span);
  tell("most_in_a_span_of_100", static_cast<double>(most));
  EXPECT_LE(most, budget);
}

TEST(cluster_budget_scenario, three_nodes_use_the_whole_budget_with_Redis_and_never_more_while_one_joins_and_one_dies) {
  test_redis redis;
  auto settings = hungry_shops();
  settings.node["cache.redis_url"] = redis.url();
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  world.import_tenants();
  share_used(world, 10s); // until turns come in a steady stream
  const auto share = share_used(world, 15s);
  tell("share_used_by_three", share);
  EXPECT_GE(share, 0.95 * 0.96) << "96 % of a budget can be used (turns.hpp); within 5 % of it";
  EXPECT_LE(share, 1.0);
  cluster.start("n4");
  share_used(world, 5s);
  cluster.kill("n2");
  cluster.await_owners({"n1", "n3", "n4"}, 20s);
  share_used(world, 10s);
  const auto after = share_used(world, 15s);
  tell("share_used_after_changes", after);
  EXPECT_GE(after, 0.95 * 0.96);
  EXPECT_GT(world.number("SELECT count(*) FROM run WHERE phase = 0"), 0) << "too little work: the test shows nothing";
  expect_never_exceeded(world);
}

TEST(cluster_budget_scenario, nodes_without_Redis_divide_the_budget_and_never_exceed_it_while_one_joins_and_one_dies) {
  cluster_scenario cluster{hungry_shops()};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  world.import_tenants();
  share_used(world, 5s);
  tell("share_used_by_three", share_used(world, 10s));
  cluster.start("n4");
  share_used(world, 5s);
  cluster.kill("n2");
  cluster.await_owners({"n1", "n3", "n4"}, 20s);
  share_used(world, 10s);
  const auto after = share_used(world, 15s);
  tell("share_used_after_changes", after);
  EXPECT_GT(after, 0.5) << "they go on";
  EXPECT_GT(world.number("SELECT count(*) FROM run WHERE phase = 0"), 0) << "too little work: the test shows nothing";
  expect_never_exceeded(world);
}

TEST(cluster_budget_scenario, Redis_that_goes_away_and_comes_back_exceeds_nothing) {
  test_redis redis;
  auto settings = hungry_shops();
  settings.node["cache.redis_url"] = redis.url();
  cluster_scenario cluster{settings};
  auto& world = cluster.world();
  cluster.start_all(3);
  cluster.await_owners({"n1", "n2", "n3"});
  world.import_tenants();
  share_used(world, 10s);
  redis.kill();
  share_used(world, 10s);
  cluster.kill("n3");
  cluster.await_owners({"n1", "n2"}, 20s);
  cluster.start("n3");
  redis.start();
  share_used(world, 12s);
  EXPECT_GT(share_used(world, 10s), 0.5) << "they go on";
  expect_never_exceeded(world);
}

} // namespace
} // namespace lode::test
