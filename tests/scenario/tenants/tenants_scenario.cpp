#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

constexpr size_t window = 2;
constexpr size_t miners = 2;

scenario_settings slow_api() {
  scenario_settings settings;
  settings.records = "posts=120,comments=1,contacts=400,orders=400,products=200,customers=200";
  settings.simapi = {"--latency-ms", "20"};
  settings.node = {{"mining.window", std::to_string(window)}, {"mining.miners_per_tenant", std::to_string(miners)}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"step: P91D", "step: P3650D"}};
  return settings;
}

/// Whether the node has logged this about shop-002, with what the line is to end with.
bool has_line(scenario& world, const std::string& message, const std::string& end) {
  std::istringstream lines{read_file(world.node().log())};
  for (std::string line; std::getline(lines, line);)
    if (line.find(message) != line.npos && line.find(" tenant=shop-002 connection=main stream=") != line.npos && line.ends_with(end))
      return true;
  return false;
}

TEST(tenants_scenario, of_a_tenant_removed_while_its_pages_are_in_flight_nothing_is_left) {
  scenario world{slow_api()};
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  world.api("DELETE", "/api/v1/tenants/graph-000");
  EXPECT_EQ(world.api_text("GET", "/api/v1/tenants/graph-000").status, 404);
  world.await_runs(1, {"crm-001", "shop-002"});
  for (const std::string table : {"record", "feed", "dead_letter", "stream_cursor", "closed_interval", "continuation"})
    EXPECT_EQ(world.number("SELECT count(*) FROM " + table + " WHERE stream_id NOT IN (SELECT id FROM stream)"), 0) << table;
  for (const std::string table : {"connection", "stream", "run", "due"})
    EXPECT_EQ(world.number("SELECT count(*) FROM " + table + " WHERE tenant_id NOT IN (SELECT id FROM tenant)"), 0) << table;
  EXPECT_EQ(world.number("SELECT count(*) FROM tenant"), 2);
  EXPECT_TRUE(is_verified(world.audit({"--tenants", "crm-001,shop-002"}))) << world.audit_text();
}

TEST(tenants_scenario, a_paused_connection_goes_on_where_it_was) {
  scenario world{slow_api()};
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  world.api("PATCH", "/api/v1/tenants/graph-000/connections/main", json::object{{"state", "paused"}, {"reason", "a test"}});
  world.await_runs(1, {"crm-001", "shop-002"});
  auto run = world.last_run("graph-000");
  EXPECT_EQ(text_in(run, "phase"), "open") << json::serialize(run);
  world.api("PATCH", "/api/v1/tenants/graph-000/connections/main", json::object{{"state", "active"}});
  world.await_runs();
  EXPECT_EQ(number_in(world.last_run("graph-000"), "run"), number_in(run, "run"));
  EXPECT_LE(world.pages_fetched_again("graph-000"), window * miners);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(tenants_scenario, a_paused_tenant_fetches_nothing_and_disturbs_nobody_until_it_is_resumed) {
  scenario world{slow_api()};
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  world.api("PATCH", "/api/v1/tenants/graph-000", json::object{{"state", "paused"}, {"reason", "a test"}});
  auto requested = world.requests("graph-000").size();
  world.await_runs(1, {"crm-001", "shop-002"});
  EXPECT_EQ(world.pages_fetched_again("crm-001"), 0u) << "its miners were left alone";
  EXPECT_LE(world.requests("graph-000").size(), requested + 2 * miners) << "no more than what was on its way";
  auto run = world.last_run("graph-000");
  EXPECT_EQ(text_in(run, "phase"), "open") << json::serialize(run);
  world.api("PATCH", "/api/v1/tenants/graph-000", json::object{{"state", "active"}});
  world.await_runs();
  EXPECT_EQ(number_in(world.last_run("graph-000"), "run"), number_in(run, "run"));
  EXPECT_EQ(text_in(world.last_run("graph-000"), "phase"), "finished");
  EXPECT_LE(world.pages_fetched_again("graph-000"), window * miners);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(tenants_scenario, new_secrets_resume_a_suspended_connection_where_it_was) {
  scenario world{slow_api()};
  world.start_node();
  world.import_tenants();
  world.await_pages(20);
  auto fresh = world.control("/control/credentials", {{"tenant", "shop-002"}, {"rotate", true}});
  world.await_state("shop-002", "suspended");
  auto run = world.last_run("shop-002");
  EXPECT_EQ(text_in(run, "phase"), "open") << json::serialize(run);
  auto named = " run=" + std::to_string(number_in(run, "run")) + " trace=" + text_in(run, "trace");
  await("the log says whose connection is suspended, in which run", [&] { return has_line(world, "connection is suspended", named); });
  world.api("PUT", "/api/v1/tenants/shop-002/connections/main/secrets", json::object{{"api_key", fresh.at("api_key")}});
  world.await_state("shop-002", "active");
  world.await_runs();
  EXPECT_EQ(number_in(world.last_run("shop-002"), "run"), number_in(run, "run"));
  EXPECT_EQ(text_in(world.last_run("shop-002"), "phase"), "finished");
  // The last pages of page-number streams are read again to notice shifted rows; those are no refetches of the resume.
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(tenants_scenario, what_is_older_than_it_is_kept_goes_while_the_node_runs_and_records_stay) {
  scenario_settings settings;
  settings.node = {{"store.keep_runs", "1ms"}};
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_runs();
  world.trigger_all();
  world.await_runs(2);
  world.stop_node();
  world.start_node(); // a pass begins with the node
  await("the earlier runs are gone", [&] { return world.number("SELECT count(*) FROM run") == 3; });
  EXPECT_EQ(world.number("SELECT count(*) FROM continuation WHERE run_id NOT IN (SELECT id FROM run)"), 0);
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
