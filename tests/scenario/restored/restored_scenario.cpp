#include <gmock/gmock.h>

#include "tests/support/redis_fixture.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;

/// A store that was saved after a first run; then a record changed, was stored, and Redis knows how far the feed is.
struct restored_scenario : testing::Test {
  static scenario_settings with(const test_redis& redis) {
    scenario_settings settings;
    settings.dialects = "graph,shop";
    settings.node = {{"cache.redis_url", redis.url()}};
    return settings;
  }

  restored_scenario() {
    world.start_node();
    world.import_tenants();
    world.await_runs(1);
    world.stop_node();
    save_database(world.database().dsn());
    world.start_node();
    target = {{"tenant", "graph-000"}, {"stream", "comments"}, {"op", "edit"}};
    for (const auto& line : world.control_lines("/control/truth?tenant=graph-000"))
      if (text_in(line, "stream") == "comments")
        target["key"] = line.at("key");
    world.control("/control/mutate", {{"ops", json::array{target}}});
    pass(2);
    await(
      "Redis knows how far the feed is",
      [&] {
        auto known = redis.ask({"EVAL", "local k = redis.call('KEYS', 'lode:*:feed')[1] return k and tonumber(redis.call('HGET', k, "
                                        "'positions')) or 0", "0"});
        return known.number == world.number("SELECT sum(feed_seq)::bigint FROM shard");
      },
      std::chrono::seconds{60}, [&] { return world.log(); });
  }

  void pass(size_t runs) {
    world.await_settled();
    world.trigger_all();
    world.await_runs(runs);
  }

  int64_t changes_of_target() {
    return world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'");
  }

  /// A start that is refused.
  int failed_start() {
    world.start_node("scheduler.starts_nothing");
    return world.node().await_end();
  }

  test_redis redis;
  scenario world{with(redis)};
  json::object target;
};

TEST_F(restored_scenario, nobody_mines_it_before_lode_restored_and_then_nothing_is_lost) {
  ASSERT_EQ(changes_of_target(), 2);
  const std::string changes = "/api/v1/tenants/graph-000/changes?after=";
  auto cursor = text_in(world.api("GET", changes + "now").as_object(), "next");
  world.kill_node();
  restore_database(world.database().dsn());
  EXPECT_EQ(failed_start(), 5) << world.log();
  EXPECT_THAT(world.log(), HasSubstr("run `lode restored`"));
  redis.kill(); // what was found out does not depend on it
  EXPECT_EQ(failed_start(), 5) << world.log();
  redis.start();

  std::string out;
  EXPECT_EQ(world.command({"restored", "--json"}, out), 0) << out;
  EXPECT_THAT(out, HasSubstr("\"open_runs\":0"));
  world.start_node();
  auto refused = world.api_text("GET", changes + cursor);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("take a cursor of now"));
  pass(2);
  EXPECT_EQ(changes_of_target(), 2) << "the change is stored and told again";
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST_F(restored_scenario, a_node_beneath_which_it_is_put_back_ends_and_none_starts_before_somebody_looked) {
  restore_database(world.database().dsn());
  EXPECT_EQ(world.node().await_end(), 5) << world.log();
  EXPECT_THAT(world.log(), HasSubstr("run `lode restored`"));
  redis.kill();
  EXPECT_EQ(failed_start(), 5) << world.log();
  std::string out;
  EXPECT_EQ(world.command({"restored"}, out), 0) << out;
  world.start_node();
  pass(2);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST_F(restored_scenario, a_running_node_is_in_the_way_of_a_new_generation_and_ends_when_one_began_nevertheless) {
  std::string out;
  EXPECT_EQ(world.command({"restored"}, out), 5);
  EXPECT_THAT(out, HasSubstr("nodes of this store are running: \"scenario\" from "));
  world.sql("UPDATE lode.store SET generation = generation + 1");
  EXPECT_EQ(world.node().await_end(), 1) << world.log();
  EXPECT_THAT(world.log(), HasSubstr("is to be started anew"));
  world.start_node();
  pass(3);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
