#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/store_error.hpp"
#include "tests/scenario/outage/small_disk.hpp"
#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;

constexpr size_t window = 2;
constexpr size_t miners_per_tenant = 2;
constexpr size_t pages_in_flight = window * miners_per_tenant * 3;

/// Many small pages, and no retry or restart to spare: an outage that used one up would end a run.
scenario_settings no_error_to_spare() {
  scenario_settings settings;
  settings.records = "posts=120,comments=1,contacts=600,orders=600,products=300,customers=300";
  settings.simapi = {"--latency-ms", "10"};
  settings.node = {{"mining.window", std::to_string(window)}, {"mining.miners_per_tenant", std::to_string(miners_per_tenant)},
                   {"mining.restart_budget", "0"}, {"mining.request_retries", "0"}};
  settings.source_edits = {{"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"},
                           {"max_retries: 3", "max_retries: 0"}};
  return settings;
}

/// Waits until the node says that it is not ready, and returns why.
std::string await_not_ready(scenario& world) {
  http_answer answer;
  await(
    "the node says that it cannot commit", [&] { return (answer = world.api_text("GET", "/readyz")).status == 503; },
    std::chrono::seconds{60}, [&] { return world.log(); });
  return answer.body;
}

void expect_all_went_on_by_itself(scenario& world) {
  world.await_runs();
  for (const auto& tenant : world.tenants()) {
    EXPECT_EQ(text_in(world.connection(tenant), "state"), "active") << json::serialize(world.connection(tenant));
    EXPECT_EQ(text_in(world.last_run(tenant), "phase"), "finished") << json::serialize(world.last_run(tenant));
  }
  EXPECT_EQ(world.api_text("GET", "/readyz").status, 200);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
}

TEST(outage_scenario, a_database_that_crashes_in_mid_run_stops_fetching_and_costs_nobody_a_budget) {
  auto settings = no_error_to_spare();
  settings.own_server = true;
  scenario world{settings};
  world.start_node();
  world.import_tenants();
  world.await_pages(30);
  world.database().crash_server();
  auto at_crash = world.pages_served();
  await_not_ready(world);
  auto waiting = world.api("GET", "/api/v1/status").as_object();
  EXPECT_LE(world.pages_served(), at_crash + pages_in_flight);
  EXPECT_NE(text_in(waiting, "store"), "ok");
  world.database().start_server();
  expect_all_went_on_by_itself(world);
}

TEST(outage_scenario, an_idle_node_is_not_ready_while_the_database_is_down_and_counts_that_once) {
  scenario_settings settings;
  settings.own_server = true;
  scenario world{settings};
  world.start_node();
  world.database().stop_server();
  EXPECT_THAT(await_not_ready(world), HasSubstr("the store cannot commit"));
  std::string out;
  EXPECT_EQ(world.command({"--node", "http://127.0.0.1:" + std::to_string(world.present_node().port), "status"}, out), 7) << out;
  EXPECT_THAT(out, HasSubstr("tenants: not known"));
  world.database().start_server();
  await("the node is ready again", [&] { return world.api_text("GET", "/readyz").status == 200; }, std::chrono::seconds{60},
        [&] { return world.log(); });
  EXPECT_THAT(world.api_text("GET", "/metrics").body, HasSubstr("\nlode_store_outages_total 1\n"));
  EXPECT_THAT(world.log(), HasSubstr("the store answers again"));
}

struct own_server {
  own_server() {
    if (!mkdtemp(folder.data()))
      throw std::runtime_error{"cannot make a folder in /tmp"};
    std::filesystem::permissions(folder, std::filesystem::perms{0711});
    database = std::make_unique<scenario_database>(true, folder);
    settings.dsn = database->dsn();
  }
  ~own_server() {
    database.reset();
    std::filesystem::remove_all(folder);
  }

  std::string folder = "/tmp/lode-scenario.XXXXXX";
  std::unique_ptr<scenario_database> database;
  postgres_settings settings;
};

TEST(outage_scenario, a_session_that_renews_itself_does_not_fail_after_a_restart_unless_it_was_in_a_transaction) {
  own_server own;
  own.settings.renews_when_idle = true;
  postgres_connection session{own.settings, "test"};
  ASSERT_FALSE(session.run_script("SELECT 1"));
  for (auto end : {&scenario_database::stop_server, &scenario_database::quit_server, &scenario_database::crash_server}) {
    ((*own.database).*end)();
    own.database->start_server();
    auto error = session.run_script("SELECT 1");
    EXPECT_FALSE(error) << message_of(error);
  }
  ASSERT_FALSE(session.run_script("BEGIN"));
  own.database->stop_server();
  own.database->start_server();
  EXPECT_EQ(code_of(session.run_script("SELECT 1")), errc::store_unavailable);
}

/// A server that is shut down at once tells its sessions by a warning, closes them, and libpq fails in writing: with the warning read it
/// takes the connection for a good one and has no SQLSTATE to give.
TEST(outage_scenario, a_session_whose_server_was_shut_down_at_once_while_it_was_idle_waits_and_works_again) {
  own_server own;
  postgres_connection session{own.settings, "test"};
  ASSERT_FALSE(session.run_script("SELECT 1"));
  own.database->quit_server();
  auto error = session.run_script("SELECT 1");
  EXPECT_EQ(code_of(error), errc::store_unavailable) << message_of(error);
  own.database->start_server();
  EXPECT_FALSE(session.run_script("SELECT 1"));
}

TEST(outage_scenario, tables_that_another_session_has_locked_stop_fetching_until_the_lock_is_gone) {
  scenario world{no_error_to_spare()};
  world.start_node();
  world.import_tenants();
  world.await_pages(30);
  test_session other{world.database().dsn()};
  // In the order in which a commit locks them, so that neither waits for the other.
  other.run("BEGIN; LOCK TABLE continuation, record IN ACCESS EXCLUSIVE MODE");
  auto at_lock = world.pages_served();
  EXPECT_THAT(await_not_ready(world), HasSubstr("canceling statement due to lock timeout"));
  world.await_no_requests();
  EXPECT_LE(world.pages_served(), at_lock + pages_in_flight);
  other.run("ROLLBACK");
  expect_all_went_on_by_itself(world);
}

TEST(outage_scenario, a_full_disk_stops_fetching_until_there_is_room_again) {
  small_disk disk;
  if (!disk.obstacle().empty())
    GTEST_SKIP() << disk.obstacle();
  auto settings = no_error_to_spare();
  settings.own_server = true;
  scenario world{settings};
  disk.take_tables_of(world.database().dsn());
  world.start_node();
  world.import_tenants();
  world.await_pages(30);
  disk.fill();
  const auto committed = [&] { return static_cast<size_t>(world.number("SELECT sum(pages)::bigint FROM continuation")); };
  auto committed_before = committed();
  auto served_before = world.pages_served();
  EXPECT_THAT(await_not_ready(world), HasSubstr("could not extend file"));
  world.await_no_requests(); // of those tenants too whose tables had room for a page or two
  auto served = world.pages_served() - served_before;
  EXPECT_LE(served, committed() - committed_before + pages_in_flight);
  EXPECT_GT(world.number("SELECT count(*) FROM run WHERE phase = 0"), 0);
  disk.make_room();
  expect_all_went_on_by_itself(world);
}

} // namespace
} // namespace lode::test
