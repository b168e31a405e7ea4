#include <gmock/gmock.h>

#include "tests/support/killer_page.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;

constexpr auto killer = "graph-250";

/// Three pages per tenant; nothing else runs that could hide who is to blame.
scenario_settings five_hundred_tenants() {
  scenario_settings settings;
  settings.tenants = 500;
  settings.dialects = "graph";
  settings.streams = {"posts"};
  settings.records = "posts=30,comments=0";
  settings.source_edits = {{"page_size: 100", "page_size: 10"}};
  settings.node = {{"mining.runs_started_per_second", "2000"}};
  settings.schedule = nullptr;
  return settings;
}

TEST(killer_scenario, one_page_that_kills_the_process_costs_few_deaths_and_no_other_tenant) {
  scenario world{five_hundred_tenants()};
  poison_a_record(world, killer);
  world.import_tenants_for_the_next_start();
  world.sql("UPDATE due SET due = (extract(epoch FROM now()) * 1000000)::bigint"); // none was missed: one run each
  int deaths = 0;
  while (deaths < 12 && world.start_node_until_it_dies_at(std::string{"processor.on_page="} + poison))
    ++deaths;
  // Three make it a suspect, two more are the proof. In the first one the page may have been in work before its predecessor
  // was committed, so that this death counted for the predecessor.
  EXPECT_GE(deaths, 5) << "no proof with fewer";
  EXPECT_LE(deaths, 6);
  testing::Test::RecordProperty("deaths", deaths);

  world.await_state(killer, "suspended");
  auto connection = world.connection(killer);
  EXPECT_THAT(text_in(connection, "reason"), HasSubstr("graph-250/main/posts: the process died while this page was in work"));
  EXPECT_THAT(text_in(connection, "reason"), HasSubstr("lode connection resume graph-250 main"));
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 1);
  EXPECT_EQ(world.number("SELECT count(DISTINCT connection_id) FROM run WHERE phase = 1"), 499);
  EXPECT_TRUE(is_verified(world.audit({"--tenants", all_but(world, killer)}))) << world.audit_text();

  // The cause is found and removed, and a person says so.
  world.stop_node();
  world.start_node();
  world.api("PATCH", "/api/v1/tenants/graph-250/connections/main", json::object{{"state", "active"}});
  world.await_runs(1, {killer});
  EXPECT_EQ(text_in(world.last_run(killer), "phase"), "finished") << json::serialize(world.last_run(killer));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
