#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

scenario_settings small_pages(int latency) {
  scenario_settings settings;
  settings.records = "posts=60,comments=1,contacts=200,orders=200,products=100,customers=100";
  settings.simapi = {"--latency-ms", std::to_string(latency)};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"step: P91D", "step: P3650D"}};
  return settings;
}

void pass(scenario& world, size_t runs) {
  world.await_settled();
  world.trigger_all();
  world.await_runs(runs);
}

TEST(changes_scenario, a_record_that_changes_and_changes_back_is_two_changes_and_a_pass_without_changes_is_none) {
  scenario world{small_pages(0)};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  auto target = json::object{{"tenant", "graph-000"}, {"stream", "comments"}};
  // Comments have no ordering field; with one, going back to an older value would be an older fact.
  for (const auto& line : world.control_lines("/control/truth?tenant=graph-000"))
    if (text_in(line, "stream") == "comments")
      target["key"] = line.at("key");
  auto entries = [&] {
    return world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'");
  };
  size_t runs = 1;
  for (const auto* op : {"edit", "revert"}) {
    target["op"] = op;
    world.control("/control/mutate", {{"ops", json::array{target}}});
    pass(world, ++runs);
  }
  EXPECT_EQ(entries(), 3);
  auto before = world.number("SELECT sum(count)::bigint FROM feed");
  pass(world, ++runs);
  EXPECT_EQ(world.number("SELECT sum(count)::bigint FROM feed"), before);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(changes_scenario, edits_inserts_and_deletes_while_runs_go_on_are_all_there_after_one_more_pass) {
  scenario world{small_pages(15)};
  world.start_node();
  world.import_tenants();
  for (int i = 0; i < 5; ++i) {
    auto before = world.pages_served();
    world.control("/control/mutate", {{"inserts", 15}, {"edits", 40}, {"deletes", 5}, {"seed", 100 + i}});
    await("the run goes on", [&] {
      return world.pages_served() >= before + 10 || world.number("SELECT count(*) FROM run WHERE phase = 0") == 0;
    });
  }
  world.await_runs(1);
  pass(world, 2);
  EXPECT_TRUE(is_verified(world.audit({"--keep-deleted"}))) << world.audit_text();
}

TEST(changes_scenario, a_source_that_ignores_another_field_from_now_on_makes_no_changes_but_real_ones) {
  scenario_settings settings;
  settings.tenants = 1;
  settings.dialects = "graph";
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  auto manifest = std::string{world.api("GET", "/api/v1/sources/graph").at("manifest").as_string()};
  const std::string end_of_comments = "\n\nstreams:\n";
  manifest.replace(manifest.find(end_of_comments), end_of_comments.size(), "\n      ignore: [like_count]" + end_of_comments);
  ASSERT_EQ(world.api_text("PUT", "/api/v1/sources/graph", manifest).status, 200);
  const auto comments = world.number("SELECT count(*) FROM record r JOIN stream s ON s.id = r.stream_id WHERE s.name = 'comments'");
  const auto entries = world.number("SELECT sum(count)::bigint FROM feed");
  world.await_settled();
  world.trigger(world.tenants()[0], "full");
  world.await_runs(2);
  EXPECT_GT(comments, 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM record WHERE form <> 0"), comments) << "all were met, and compared by their text";
  EXPECT_EQ(world.number("SELECT sum(count)::bigint FROM feed"), entries);
  world.control("/control/mutate", {{"edits", 5}, {"streams", json::array{"comments"}}, {"seed", 7}});
  world.await_settled();
  world.trigger(world.tenants()[0], "full");
  world.await_runs(3);
  EXPECT_GT(world.number("SELECT sum(count)::bigint FROM feed"), entries);
}

/// A clock that is fast beside the APIs' is seen from the other side: theirs is slow.
TEST(changes_scenario, a_node_whose_clock_is_an_hour_fast_skips_nothing_that_changes_in_that_hour) {
  scenario world{small_pages(0)};
  const auto advance_api = [&](std::chrono::milliseconds by) {
    return std::chrono::milliseconds{number_in(world.control("/control/clock", {{"advance_ms", by.count()}}), "now")};
  };
  advance_api(-std::chrono::hours{1});
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  const auto latest_cursor = [&] { return std::chrono::microseconds{world.number("SELECT max(known_up_to) FROM stream_cursor")}; };
  const auto now_at_the_api = [&] { return advance_api(std::chrono::milliseconds{0}); };
  EXPECT_LE(latest_cursor(), now_at_the_api()) << "nobody knows what the API has not lived through yet";
  world.control("/control/mutate", {{"inserts", 30}, {"edits", 30}, {"seed", 5}});
  pass(world, 2);
  EXPECT_LE(latest_cursor(), now_at_the_api());
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(changes_scenario, a_comment_that_changes_below_a_post_that_did_not_is_found_by_the_next_pass) {
  auto settings = small_pages(0);
  settings.tenants = 1;
  settings.dialects = "graph";
  settings.source_edits.push_back({"incremental_dependency: true", "incremental_dependency: false"});
  settings.source_edits.push_back({"    name: posts\n", R"(    name: posts
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: updated_time
      datetime_format: "%Y-%m-%dT%H:%M:%S%z"
      start_datetime: "2000-01-01T00:00:00+0000"
      start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: since}
      end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: until}
)"});
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_runs(1);
  auto target = json::object{{"tenant", world.tenants()[0]}, {"stream", "comments"}};
  for (const auto& line : world.control_lines("/control/truth?tenant=" + world.tenants()[0]))
    if (text_in(line, "stream") == "comments")
      target["key"] = line.at("key");
  auto mutate = [&](const char* op) {
    target["op"] = op;
    world.control("/control/mutate", {{"ops", json::array{target}}});
  };
  mutate("edit"); // its post has changed too
  pass(world, 2);
  pass(world, 3); // the post's cursor has passed that
  mutate("revert"); // its post has not
  pass(world, 4);
  EXPECT_EQ(world.number("SELECT count(*) FROM feed, unnest(keys) AS key WHERE key = '" + text_in(target, "key") + "'"), 3);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(changes_scenario, a_connection_goes_on_where_an_airbyte_state_says_and_fetches_no_history_again) {
  auto settings = small_pages(0);
  settings.tenants = 1;
  settings.dialects = "crm";
  settings.schedule = nullptr;
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  const auto state = [&](const std::string& moment) {
    return R"([{"type":"STREAM","stream":{"stream_descriptor":{"name":"contacts"},"stream_state":{"updatedAt":")" + moment + "\"}}}]";
  };
  const std::string path = "/api/v1/tenants/" + world.tenants()[0] + "/connections/main/state";
  auto refused = world.api_text("POST", path + "/airbyte", state("last week"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("stream contacts: found updatedAt = "), std::string::npos) << refused.body;
  ASSERT_EQ(world.api_text("POST", path + "/airbyte", state("2024-10-01T00:00:00.000Z")).status, 200);
  world.trigger_all();
  world.await_runs(1);
  auto later = world.number("SELECT count(*) FROM record WHERE payload LIKE '%\"updatedAt\":\"2024-1%'");
  EXPECT_GT(later, 0);
  EXPECT_EQ(world.number("SELECT count(*) FROM record"), later);
  EXPECT_LT(later, 200);
}

} // namespace
} // namespace lode::test
