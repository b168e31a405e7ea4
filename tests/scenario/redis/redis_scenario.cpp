#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/support/redis_fixture.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

scenario_settings with(const test_redis& redis) {
  scenario_settings settings;
  settings.records = "posts=60,comments=1,contacts=200,orders=200,products=100,customers=100";
  settings.node = {{"cache.redis_url", redis.url()}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"step: P91D", "step: P3650D"},
                           // In so many lives two kills would hit the same refresh of a token that can be used once.
                           {R"(          refresh_token_updater:
            refresh_token_config_path: [refresh_token]
            access_token_config_path: [access_token]
            token_expiry_date_config_path: [token_expiry_date]
)", ""}};
  return settings;
}

void pass(scenario& world, size_t runs) {
  world.await_settled();
  world.trigger_all();
  world.await_runs(runs);
}

void restart(scenario& world) {
  world.kill_node();
  world.start_node();
}

TEST(redis_scenario, there_and_back_over_a_Redis_restored_to_its_old_state_is_two_changes) {
  test_redis redis;
  scenario world{with(redis)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  auto target = json::object{{"tenant", "graph-000"}, {"stream", "comments"}};
  for (const auto& line : world.control_lines("/control/truth?tenant=graph-000"))
    if (text_in(line, "stream") == "comments")
      target["key"] = line.at("key");
  ASSERT_GT(redis.ask({"DBSIZE"}).number, 0) << "nothing was told to Redis: the test shows nothing";
  ASSERT_EQ(redis.ask({"SAVE"}).text, "OK");
  target["op"] = "edit";
  world.control("/control/mutate", {{"ops", json::array{target}}});
  pass(world, 2);
  // As if the node had been killed between its commit and Redis, and Redis with it.
  redis.kill();
  redis.start();
  restart(world);
  target["op"] = "revert";
  world.control("/control/mutate", {{"ops", json::array{target}}});
  pass(world, 3);
  EXPECT_EQ(world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'"), 3);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(redis_scenario, an_emptied_and_a_dead_Redis_cost_no_record) {
  test_redis redis;
  scenario world{with(redis)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  redis.ask({"FLUSHALL"});
  restart(world);
  pass(world, 2);
  EXPECT_GT(redis.ask({"DBSIZE"}).number, 0) << "what the store knew is told again";
  redis.kill();
  world.control("/control/mutate", {{"inserts", 30}, {"edits", 30}, {"seed", 7}});
  pass(world, 3);
  restart(world);
  pass(world, 4);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

/// Kills one of the three at a time, while passes go on and records change between them.
TEST(redis_scenario, node_Redis_and_PostgreSQL_killed_at_random_lose_and_repeat_nothing) {
  const auto* given = std::getenv("LODE_SEED");
  auto seed = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  SCOPED_TRACE("LODE_SEED=" + std::to_string(seed));
  std::mt19937 random{seed};
  const int kills = std::getenv("LODE_LONG") ? 100 : 10;
  test_redis redis;
  auto settings = with(redis);
  settings.own_server = true;
  scenario world{settings};
  world.start_node("quarantine.waits_long");
  world.import_tenants();
  for (int i = 0; i < kills; ++i) {
    auto before = world.pages_served();
    auto more = random() % 15;
    auto latest = std::chrono::steady_clock::now() + std::chrono::seconds{3};
    await("some pages more are served", [&] {
      return world.pages_served() >= before + more || std::chrono::steady_clock::now() > latest;
    });
    switch (random() % 4) {
      case 0:
        redis.kill();
        redis.start();
        break;
      case 1:
        world.database().crash_server();
        world.database().start_server();
        break;
      default:
        world.kill_node();
        world.start_node("quarantine.waits_long");
    }
    if (i % 5 == 4) { // a pass is done, records change, the next one begins
      world.await_runs(static_cast<size_t>(i) / 5 + 1);
      world.control("/control/mutate", {{"inserts", 20}, {"edits", 40}, {"seed", i}});
      world.await_settled();
      world.trigger_all();
    }
  }
  world.await_runs(static_cast<size_t>(kills) / 5 + 1);
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0) << "nobody is guilty of a kill from outside";
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
