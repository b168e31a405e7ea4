#include "tests/scenario/cluster/arrivals.hpp"
#include "tests/scenario/cluster/network_fixture.hpp"

namespace lode::test {
namespace {

constexpr size_t budget = 50;
constexpr std::chrono::milliseconds span = 2s;

/// More work than the budget lets through while the test lasts.
scenario_settings hungry_shops() {
  scenario_settings settings;
  settings.tenants = 10;
  settings.dialects = "shop";
  settings.records = "orders=300,products=40,customers=40";
  settings.source_edits = {{"page_size: 250", "page_size: 20"},
                           {"  x_lode:\n    settle_time: 1s", "  x_lode:\n    settle_time: 1s\n    budgets: [{scope: app, requests: 50, per: 2s}]"}};
  return settings;
}

void await_requests(scenario& world, size_t more) {
  const auto before = arrivals(world).size();
  await(std::to_string(more) + " more requests", [&] { return arrivals(world).size() >= before + more; }, 60s, [&] { return world.log(); });
}

TEST_F(network_scenario, a_node_that_is_cut_from_Redis_goes_on_and_all_together_stay_within_the_budget) {
  start_redis();
  start(3, hungry_shops());
  world().import_tenants();
  await_requests(world(), budget);
  tell("three nodes use the budget that Redis hands out");
  network->cut_both_ways("n1", "redis");
  await_requests(world(), 3 * budget / 2);
  tell("n1 is cut from Redis");
  network->heal();
  network->cut("n2", "redis");
  network->cut("redis", "n3");
  await_requests(world(), 3 * budget / 2);
  tell("n2 and n3 are cut from Redis, one way each");
  EXPECT_GT(world().number("SELECT count(*) FROM run WHERE phase = 0"), 0) << "too little work: the test shows nothing";
  network->heal();
  world().await_runs();
  tell("all are mined; most requests in a span: " + std::to_string(most_in_a_span(arrivals(world()), span)));
  EXPECT_LE(most_in_a_span(arrivals(world()), span), budget);
  EXPECT_EQ(shards_with_epoch("<>"), 0) << "a shard has changed hands";
  expect_verified();
}

} // namespace
} // namespace lode::test
