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

/// Everything that commits of pages move.
std::string what_is_committed(scenario& world) {
  auto number = [&](const std::string& sql) { return std::to_string(world.number(sql)) + " "; };
  return number("SELECT sum(version) FROM continuation") + number("SELECT count(*) FROM record")
         + number("SELECT sum(feed_seq) FROM shard") + number("SELECT sum(pages) FROM continuation");
}

int64_t shards_of(scenario& world, const std::string& node) {
  return world.number("SELECT count(*) FROM shard s JOIN node n ON n.incarnation = s.owner WHERE n.name = '" + node + "' AND n.state <> 3");
}

void await_shards(scenario& world, const std::string& node, int64_t at_least) {
  await(
    node + " owns " + std::to_string(at_least) + " shards", [&] { return shards_of(world, node) >= at_least; },
    std::chrono::seconds{60}, [&] { return std::to_string(shards_of(world, node)) + "\n" + world.log(); });
}

TEST(zombie_scenario, a_node_that_stands_still_in_mid_commit_and_goes_on_after_another_has_claimed_writes_and_asks_nothing) {
  scenario world{patient_database()};
  world.start_node("store.waits_long,node.lives_once");
  world.import_tenants();
  world.await_pages(30);
  test_session other{world.database().dsn()};
  // Pages are compared and lock their shards and continuations, then they stand still.
  other.run("BEGIN; LOCK TABLE record IN SHARE MODE");
  await("commits are in work", [&] { return commits_in_work(world) > 0; }, std::chrono::seconds{60}, [&] { return world.log(); });
  world.await_no_requests(); // behind them wait as many pages as may
  auto zombie = world.leave_node();
  zombie.process->pause();

  // This one takes the shards when the other's lease is over and does nothing with them, so that nothing but fence and lease
  // stand in the way.
  world.set_node("node.name", "another");
  world.start_node("scheduler.starts_nothing");
  await_shards(world, "another", 4096);
  EXPECT_EQ(commits_in_work(world), 0) << "the claim has ended them";
  other.run("ROLLBACK");
  const auto before = what_is_committed(world);
  const auto asked = world.requests().size();
  zombie.process->go_on();
  await(
    "the life that was declared gone is over", [&] { return !zombie.process->is_running(); }, std::chrono::seconds{60},
    [&] { return last_lines(zombie.process->log()); });
  EXPECT_EQ(what_is_committed(world), before);
  EXPECT_EQ(world.requests().size(), asked) << "nothing was in the kernel's hands";

  world.kill_node();
  world.start_node();
  world.await_runs();
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(zombie_scenario, a_node_that_was_declared_gone_drops_its_work_and_begins_anew_in_the_same_process) {
  scenario world{patient_database()};
  world.start_node();
  world.import_tenants();
  world.await_pages(10);
  auto earlier = world.leave_node();
  earlier.process->pause();
  world.set_node("node.name", "another");
  world.start_node();
  await_shards(world, "another", 4096);
  earlier.process->go_on();
  await_shards(world, "scenario", 1'000);
  EXPECT_NE(read_file(earlier.process->log()).find("begins anew"), std::string::npos);
  world.await_runs();
  await(
    "the earlier node is ready", [&] { return earlier.ask("/readyz").status == 200; }, std::chrono::seconds{60},
    [&] { return earlier.ask("/readyz").body; });
  EXPECT_EQ(earlier.process->stop(), 0) << last_lines(earlier.process->log());
  await_shards(world, "another", 4096);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(zombie_scenario, a_node_whose_name_another_process_takes_mines_nothing_any_more_and_ends_with_a_conflict) {
  scenario world{patient_database()};
  world.start_node();
  world.import_tenants();
  world.await_pages(10);
  auto earlier = world.leave_node();
  ASSERT_EQ(earlier.ask("/readyz").status, 200);
  world.start_node();
  await(
    "the earlier node has ended", [&] { return !earlier.process->is_running(); }, std::chrono::seconds{60},
    [&] { return last_lines(earlier.process->log()); });
  EXPECT_EQ(earlier.process->await_end(), 5);
  EXPECT_NE(read_file(earlier.process->log()).find("node.name"), std::string::npos) << last_lines(earlier.process->log());
  world.await_runs();
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
