#include <gmock/gmock.h>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

TEST(outage_scenario, a_database_that_crashes_in_mid_run_stops_fetching_and_costs_nobody_a_budget) {
  scenario_settings settings;
  settings.own_server = true;
  settings.records = "posts=120,comments=1,contacts=600,orders=600,products=300,customers=300";
  settings.simapi = {"--latency-ms", "10"};
  settings.node = {{"mining.window", "2"}, {"mining.miners_per_tenant", "2"}, {"mining.restart_budget", "0"},
                   {"mining.request_retries", "0"}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"max_retries: 3", "max_retries: 0"}};
  constexpr size_t pages_in_flight = 2 * 2 * 3;
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_pages(30);
  world.database().crash_server();
  auto at_crash = world.pages_served();
  await("the node says that it cannot commit", [&] { return world.api_text("GET", "/readyz").status == 503; });
  auto waiting = world.api("GET", "/api/v1/status").as_object();
  EXPECT_LE(world.pages_served(), at_crash + pages_in_flight);
  EXPECT_NE(text_in(waiting, "store"), "ok");
  world.database().start_server();
  world.await_runs();
  for (const auto& tenant : world.tenants()) {
    EXPECT_EQ(text_in(world.connection(tenant), "state"), "active") << json::serialize(world.connection(tenant));
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  }
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
