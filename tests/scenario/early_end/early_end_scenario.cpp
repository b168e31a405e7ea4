#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

constexpr auto by_update = "ordering_field: updated_time\n      ordering_format: \"%Y-%m-%dT%H:%M:%S%z\"";

/// Ten pages of posts, newest first.
scenario_settings newest_first(std::vector<std::string> streams = {"posts"}) {
  scenario_settings settings;
  settings.tenants = 1;
  settings.dialects = "graph";
  settings.records = "posts=200,comments=1";
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {by_update, std::string{by_update} + "\n      order: newest_first"}};
  settings.streams = std::move(streams);
  settings.schedule = nullptr;
  return settings;
}

void pass(scenario& world, size_t runs, const std::string& kind = "manual") {
  world.await_settled();
  world.trigger(world.tenants()[0], kind);
  world.await_runs(runs);
}

void mine_all(scenario& world) {
  world.start_node();
  world.import_tenants();
  pass(world, 1);
}

/// Pages of posts that one more run asks for.
size_t pages_of_a_run(scenario& world, size_t runs, const std::string& kind = "manual") {
  auto before = world.pages_served();
  pass(world, runs, kind);
  return world.pages_served() - before;
}

int64_t posts(scenario& world) {
  return world.number("SELECT count(*) FROM record r JOIN stream s ON s.id = r.stream_id WHERE s.name = 'posts'");
}

bool has_all_posts(scenario& world) {
  return is_verified(world.audit({"--streams", "posts"}));
}

void insert_posts(scenario& world, int count) {
  world.control("/control/mutate", {{"inserts", count}, {"seed", 5}, {"streams", json::array{"posts"}}});
}

json::object completeness(scenario& world) {
  return world.api("GET", "/api/v1/tenants/" + world.tenants()[0] + "/connections/main/streams/posts/complete").as_object();
}

/// A run that stores one page of what is new and is cancelled then.
void interrupt_a_run(scenario& world) {
  auto before = posts(world);
  world.fault({{"kind", "hang"}, {"stream", "posts"}, {"skip", 1}});
  world.trigger(world.tenants()[0]);
  await("the first page is stored", [&] { return posts(world) >= before + 20; });
  auto run = world.last_run(world.tenants()[0]);
  world.api("POST", "/api/v1/runs/" + std::to_string(number_in(run, "run")) + "/cancel", json::object{{"reason", "by hand"}});
  world.clear_faults();
}

TEST(early_end_scenario, a_run_reads_what_is_new_and_no_further_than_the_anchor) {
  scenario world{newest_first()};
  mine_all(world);
  world.control("/control/mutate", {{"inserts", 5}, {"edits", 8}, {"seed", 3}, {"streams", json::array{"posts"}}});
  EXPECT_LE(pages_of_a_run(world, 2), 2u);
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
  EXPECT_EQ(pages_of_a_run(world, 3), 1u) << "nothing is new";
  EXPECT_GE(pages_of_a_run(world, 4, "full"), 10u);
}

TEST(early_end_scenario, known_records_at_the_top_hide_no_hole_below_them) {
  scenario world{newest_first()};
  mine_all(world);
  insert_posts(world, 60);
  world.await_settled(); // the others are newer by more than the lookback
  insert_posts(world, 30);
  interrupt_a_run(world);
  auto answer = completeness(world);
  EXPECT_FALSE(answer.at("complete").as_bool());
  EXPECT_EQ(text_in(answer.at("owed").at(0).as_object(), "reason"), "cancelled");
  EXPECT_GE(pages_of_a_run(world, 3), 5u) << "the first page of these is known";
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
}

TEST(early_end_scenario, runs_that_say_nothing_about_the_others_leave_the_anchor_where_it_is) {
  scenario world{newest_first()};
  mine_all(world);
  insert_posts(world, 30);
  auto anchor = world.number("SELECT run_id FROM anchor");
  pass(world, 2, "repair");
  pass(world, 3, "backfill");
  EXPECT_EQ(world.number("SELECT run_id FROM anchor"), anchor);
  pass(world, 4);
  EXPECT_GT(world.number("SELECT run_id FROM anchor"), anchor);
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
}

TEST(early_end_scenario, an_old_record_that_is_edited_is_seen) {
  scenario world{newest_first()};
  mine_all(world);
  json::object oldest;
  for (const auto& line : world.control_lines("/control/truth"))
    if (text_in(line, "stream") == "posts") {
      auto is_older = oldest.empty() || text_in(line.at("record").as_object(), "updated_time") < text_in(oldest.at("record").as_object(), "updated_time");
      oldest = is_older ? line : oldest;
    }
  world.control("/control/mutate", {{"ops", json::array{{{"op", "edit"}, {"tenant", oldest.at("tenant")}, {"stream", "posts"}, {"key", oldest.at("key")}}}}});
  EXPECT_EQ(pages_of_a_run(world, 2), 1u);
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
}

TEST(early_end_scenario, a_kill_in_mid_run_leaves_out_nothing_and_keeps_what_stood_at_the_top) {
  scenario world{newest_first()};
  mine_all(world);
  insert_posts(world, 90);
  world.await_settled();
  world.trigger(world.tenants()[0]);
  world.stop_node();
  for (const std::string point : {"miner.after_commit:2", "writer.after_commit:2"}) {
    world.start_node_until_it_dies_at(point);
    world.kill_node();
  }
  world.start_node();
  world.await_runs(2);
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
  EXPECT_EQ(world.number("SELECT position FROM anchor"), world.number("SELECT max(order_field) FROM record"));
}

TEST(early_end_scenario, a_full_pass_is_swept_by_the_next_one_and_not_by_runs_that_end_early) {
  scenario world{newest_first()};
  mine_all(world);
  world.control("/control/mutate", {{"deletes", 10}, {"seed", 3}, {"streams", json::array{"posts"}}});
  auto tombstones = [&] { return world.number("SELECT count(*) FROM record WHERE deleted"); };
  pass(world, 2, "full");
  pass(world, 3);
  EXPECT_EQ(tombstones(), 0);
  pass(world, 4, "full");
  EXPECT_EQ(tombstones(), 10);
  EXPECT_TRUE(has_all_posts(world)) << world.audit_text();
}

TEST(early_end_scenario, children_that_change_their_parents_are_read_below_those_that_are_new) {
  scenario world{newest_first({"posts", "comments"})};
  mine_all(world);
  world.control("/control/mutate", {{"inserts", 4}, {"edits", 4}, {"seed", 3}, {"streams", json::array{"comments"}}});
  EXPECT_LE(pages_of_a_run(world, 2), 2 * 21u) << "two pages of posts at most, and the comments of each of these";
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(early_end_scenario, what_was_read_is_complete_until_its_top_was_read) {
  scenario world{newest_first()};
  mine_all(world);
  auto answer = completeness(world);
  EXPECT_FALSE(answer.at("complete").as_bool()) << "until now";
  auto until = text_in(answer, "read_until");
  answer = world.api("GET", "/api/v1/tenants/" + world.tenants()[0] + "/connections/main/streams/posts/complete?to=" + until).as_object();
  EXPECT_TRUE(answer.at("complete").as_bool()) << json::serialize(answer);
}

} // namespace
} // namespace lode::test
