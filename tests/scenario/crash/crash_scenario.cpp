#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

constexpr int window = 2;
constexpr int miners_per_tenant = 2;
constexpr int tenants = 3;
/// What a kill may cost: all that was in flight.
constexpr size_t pages_at_risk = window * miners_per_tenant * tenants;

scenario_settings many_small_pages() {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.records = "posts=120,comments=1,contacts=600,orders=600,products=300,customers=300";
  settings.simapi = {"--latency-ms", "10"};
  settings.node = {{"mining.window", std::to_string(window)}, {"mining.miners_per_tenant", std::to_string(miners_per_tenant)}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  settings.schedule = nullptr;
  return settings;
}

void expect_all_is_there(scenario& world, int kills) {
  world.start_node();
  world.await_runs();
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant)) << json::serialize(world.connection(tenant));
  EXPECT_EQ(world.number("SELECT count(*) FROM connection WHERE state <> 0"), 0) << "no page is guilty of a kill from outside";
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_LE(world.pages_fetched_again(), kills * pages_at_risk) << kills << " kills";
  testing::Test::RecordProperty("pages_fetched_again", static_cast<int>(world.pages_fetched_again()));
}

struct crash_scenario : testing::Test {};

/// The number is how often each is passed first. Children are opened by the first pages, so that point comes early.
TEST_F(crash_scenario, a_kill_at_every_step_boundary_loses_and_repeats_nothing) {
  scenario world{many_small_pages()};
  world.import_tenants_for_the_next_start();
  int kills = 0;
  for (const std::string point : {"run.before_start", "run.after_start:1", "supervisor.before_children:0", "miner.before_request:2", "miner.after_response:4",
                                  "processor.before_writer:3", "quarantine.after_mark", "processor.after_writer:3", "writer.before_commit:2",
                                  "writer.after_commit:3", "miner.after_commit:4"}) {
    EXPECT_TRUE(world.start_node_until_it_dies_at(point)) << point << " was never passed";
    kills += world.node().is_running() ? 0 : 1;
    world.kill_node();
  }
  expect_all_is_there(world, kills);
}

TEST_F(crash_scenario, a_trigger_that_was_answered_survives_kills_and_its_run_happens_once) {
  scenario world{many_small_pages()};
  world.start_node();
  world.import_tenants();
  world.stop_node();
  world.start_node("scheduler.starts_nothing");
  world.trigger_all();
  world.kill_node();
  ASSERT_EQ(world.number("SELECT count(*) FROM run"), 0);
  EXPECT_TRUE(world.start_node_until_it_dies_at("run.before_start"));
  EXPECT_TRUE(world.start_node_until_it_dies_at("run.after_start:1"));
  expect_all_is_there(world, 2);
  EXPECT_EQ(world.number("SELECT count(*) FROM run WHERE kind = 1 AND phase = 1"), tenants);
  EXPECT_EQ(world.number("SELECT count(*) FROM run"), tenants);
  EXPECT_EQ(world.number("SELECT count(*) FROM requested_run"), 0);
}

/// One CRM whose refresh tokens can be used once.
scenario_settings rotating_tokens() {
  auto settings = many_small_pages();
  settings.tenants = 1;
  settings.dialects = "crm";
  settings.simapi.push_back("--crm-rotate-refresh-tokens");
  return settings;
}

TEST_F(crash_scenario, a_kill_after_a_single_use_token_was_replaced_asks_for_a_new_grant_and_goes_on_with_it) {
  scenario world{rotating_tokens()};
  world.import_tenants_for_the_next_start();
  ASSERT_TRUE(world.start_node_until_it_dies_at("credentials.before_store"));
  world.start_node();
  const auto tenant = world.tenants()[0];
  world.await_state(tenant, "suspended");
  auto reason = text_in(world.connection(tenant), "reason");
  const auto advice = "lode connection secrets " + tenant + " main FILE";
  for (const std::string& part : {std::string{"was never answered"}, std::string{"authorise the connection again"}, advice})
    EXPECT_NE(reason.find(part), std::string::npos) << reason;
  auto anew = world.control("/control/credentials", {{"tenant", tenant}, {"rotate", true}});
  json::object secrets{{"client_id", anew.at("client_id")}, {"client_secret", anew.at("client_secret")}, {"refresh_token", anew.at("refresh_token")}};
  world.api("PUT", "/api/v1/tenants/" + tenant + "/connections/main/secrets", secrets);
  world.await_runs();
  EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished")
    << json::serialize(world.connection(tenant)) << "\n" << world.log();
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST_F(crash_scenario, a_kill_before_a_single_use_token_was_sent_costs_nothing) {
  scenario world{rotating_tokens()};
  world.import_tenants_for_the_next_start();
  ASSERT_TRUE(world.start_node_until_it_dies_at("credentials.after_begun"));
  world.start_node();
  world.await_runs();
  EXPECT_EQ(text_in(world.last_run(world.tenants()[0]), "phase"), "finished");
  EXPECT_EQ(world.number("SELECT count(*) FROM token_refresh"), 0);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST_F(crash_scenario, kills_at_25_random_instants_lose_and_repeat_nothing) {
  const auto* given = std::getenv("LODE_SEED");
  auto seed = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  SCOPED_TRACE("LODE_SEED=" + std::to_string(seed));
  std::mt19937 random{seed};
  const int kills = std::getenv("LODE_LONG") ? 40 : 25;
  auto settings = many_small_pages();
  // In so many lives two kills would hit the same refresh: of a token that can be used once a person has to look then.
  settings.source_edits.push_back({R"(          refresh_token_updater:
            refresh_token_config_path: [refresh_token]
            access_token_config_path: [access_token]
            token_expiry_date_config_path: [token_expiry_date]
)", ""});
  scenario world{settings};
  world.import_tenants_for_the_next_start();
  const auto is_work_left = [&] {
    return world.number("SELECT count(*) FROM connection c WHERE NOT EXISTS (SELECT FROM run r WHERE r.connection_id = c.id "
                        "AND r.phase <> 0)") > 0;
  };
  int in_mid_run = 0;
  for (int i = 0; i < kills; ++i) {
    auto before = world.pages_served();
    auto latest = std::chrono::steady_clock::now() + std::chrono::seconds{4};
    // So many kills in so short lives would find the same page alone in work twice.
    world.start_node("quarantine.waits_long");
    auto more = random() % 12;
    await("some pages more are served", [&] {
      return world.pages_served() >= before + more || !is_work_left() || std::chrono::steady_clock::now() > latest;
    });
    world.kill_node();
    in_mid_run += is_work_left() ? 1 : 0;
  }
  testing::Test::RecordProperty("kills_in_mid_run", in_mid_run);
  expect_all_is_there(world, kills);
}

/// One processor for many miners: when it ends, pages wait in its mailbox, and they are gone with it.
TEST_F(crash_scenario, a_processor_that_ends_with_pages_in_its_mailbox_loses_and_repeats_nothing) {
  auto settings = many_small_pages();
  settings.node["node.processors"] = "1";
  settings.node["mining.miners_per_tenant"] = "4";
  settings.node["mining.window"] = "4";
  settings.simapi = {};
  scenario world{settings};
  world.import_tenants_for_the_next_start();
  world.start_node("processor.throws:30:1");
  world.await_runs();
  EXPECT_NE(read_file(world.node().log()).find("its tree is built anew"), std::string::npos) << world.log();
  for (const auto& tenant : world.tenants())
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_LE(world.pages_fetched_again(), 4u * 4u * tenants) << "no more than was in flight";
  world.stop_node();
}

TEST_F(crash_scenario, a_node_that_a_page_broke_again_and_again_hands_nothing_over_so_that_the_page_is_suspected) {
  scenario world{many_small_pages()};
  world.import_tenants_for_the_next_start();
  world.start_node("processor.throws");
  EXPECT_EQ(world.node().await_end(), 1) << world.log();
  EXPECT_EQ(world.number("SELECT count(*) FROM shard WHERE owner = 0"), 0);
  EXPECT_GT(world.number("SELECT count(*) FROM continuation WHERE phase = 0"), 0);
  world.start_node("processor.throws");
  EXPECT_EQ(world.node().await_end(), 1) << world.log();
  EXPECT_EQ(world.number("SELECT count(*) FROM continuation WHERE phase = 0 AND crash_resumes = 0"), 0);
  world.start_node();
  world.await_runs();
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

} // namespace
} // namespace lode::test
