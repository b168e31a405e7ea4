#include <gtest/gtest.h>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

/// Few and long continuations. The database waits longer for a lock than the test holds it: commits stay in work.
scenario_settings patient_database() {
  scenario_settings settings;
  settings.dialects = "crm,shop";
  settings.tenants = 4;
  settings.records = "contacts=400,orders=400,products=200,customers=200";
  settings.simapi = {"--latency-ms", "10"};
  settings.source_edits = {{"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}, {"step: P91D", "step: P3650D"}};
  return settings;
}

int64_t commits_in_work(scenario& world) {
  return world.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lode/%/writer-%' "
                      "AND wait_event_type = 'Lock' AND datname = current_database()");
}

TEST(zombie_scenario, a_node_that_stands_still_in_mid_commit_and_goes_on_after_another_has_claimed_writes_nothing) {
  scenario world{patient_database()};
  world.start_node("store.waits_long");
  world.import_tenants();
  world.await_pages(30);
  test_session other{world.database().dsn()};
  // Pages are compared and lock their shards and continuations, then they stand still.
  other.run("BEGIN; LOCK TABLE record IN SHARE MODE");
  await("commits are in work", [&] { return commits_in_work(world) > 0; }, std::chrono::seconds{60}, [&] { return world.log(); });
  world.await_no_requests(); // behind them wait as many pages as may
  auto zombie = world.leave_node();
  auto written = number_in(zombie.status(), "pages");
  zombie.process->pause();

  // This one takes the shards and does nothing with them, so that nothing but the fence stands in the way.
  world.start_node("scheduler.starts_nothing");
  EXPECT_EQ(commits_in_work(world), 0) << "the claim has ended them";
  other.run("ROLLBACK");
  zombie.process->go_on();
  await(
    "all pages of the earlier node are refused", [&] { return number_in(zombie.status(), "miners") == 0; },
    std::chrono::seconds{60}, [&] { return json::serialize(zombie.status()) + "\n" + last_lines(zombie.process->log()); });
  EXPECT_EQ(number_in(zombie.status(), "pages"), written);

  world.kill_node();
  world.start_node();
  world.await_runs();
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(number_in(zombie.status(), "pages"), written);
  auto owned = world.number("SELECT count(*) FROM shard WHERE owner <> 0");
  EXPECT_EQ(zombie.process->stop(), 0) << last_lines(zombie.process->log());
  EXPECT_EQ(world.number("SELECT count(*) FROM shard WHERE owner <> 0"), owned) << "it hands over what is not its own";
}

TEST(zombie_scenario, a_node_whose_shards_another_one_took_says_so_and_mines_nothing_any_more) {
  scenario world{patient_database()};
  world.start_node();
  world.import_tenants();
  world.await_pages(10);
  auto earlier = world.leave_node();
  ASSERT_EQ(earlier.ask("/readyz").status, 200);
  world.start_node();
  await(
    "the earlier node is not ready", [&] { return earlier.ask("/readyz").body.find("belong to another node") != std::string::npos; },
    std::chrono::seconds{60}, [&] { return earlier.ask("/readyz").body + last_lines(earlier.process->log()); });
  EXPECT_EQ(earlier.ask("/readyz").status, 503);
  EXPECT_EQ(number_in(earlier.status(), "shards"), 0);
  EXPECT_EQ(number_in(earlier.status(), "miners"), 0);
  EXPECT_EQ(number_in(earlier.status(), "requests_in_flight"), 0);
  auto pages = number_in(earlier.status(), "pages");
  world.await_runs();
  EXPECT_EQ(number_in(earlier.status(), "pages"), pages);
  EXPECT_EQ(earlier.process->stop(), 0) << last_lines(earlier.process->log());
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
