#include "actors/scheduling/run_keeper.hpp"

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;

namespace {

/// The keeper over a store in memory with one tenant and one connection.
struct run_keeper_test : actor_test {
  static constexpr incarnation self{77};
  memory_database database;
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<run_store> runs = database.make_run_store(self);
  instant now{std::chrono::hours{500'000}};
  int plans_loaded = 0;
  source_plan_pointer plan = item_plan();
  connection_row connection;
  run_keeper_actor keeper;

  void SetUp() override {
    run_keeper_parts parts;
    auto claims = runs->claim_shards("n1", self);
    ASSERT_TRUE(claims);
    parts.claims = *claims;
    parts.runs = database.make_run_store(self);
    parts.catalog = database.make_catalog_store();
    parts.codec = &codec;
    parts.load_plan = [this](const source_row&) -> caf::expected<source_plan_pointer> {
      ++plans_loaded;
      return plan;
    };
    parts.open_secrets = parts.seal_secrets = [](std::string_view text) -> caf::expected<std::string> {
      return std::string{text};
    };
    parts.now = [this] { return now; };
    keeper = spawn<run_keeper>(std::move(parts));
    connect(R"({"every":"15m"})");
  }

  void connect(const std::string& schedule, const std::string& owner = "acme") {
    auto source = catalog->put_source("items-api", "manifest", "v1");
    auto tenant = catalog->find_tenant(owner);
    if (!tenant)
      tenant = catalog->create_tenant(owner);
    connection_row wanted;
    wanted.name = "main";
    wanted.source = source->id;
    wanted.configuration = R"({"region":"eu"})";
    wanted.sealed_secrets = R"({"token":"t"})";
    wanted.schedule = schedule;
    wanted.streams = {{{}, "items", 0}};
    connection = *catalog->put_connection(tenant->id, wanted);
  }

  connection_pointer load() {
    auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    return *loaded;
  }

  caf::expected<run_started> start(instant due, run_kind kind = run_kind::scheduled) {
    return ask<run_started>(keeper, start_run{load(), kind, due});
  }

  /// The stream is read in slices, from 2024 on.
  void read_by_date() {
    auto dated = std::make_shared<source_plan>(*plan);
    auto& dates = dated->streams[0].incremental.emplace();
    dates.cursor_field = *program::parse("updated");
    dates.datetime_format = "%Y-%m-%d";
    dates.start.datetime = *program::parse("2024-01-01");
    plan = dated;
  }

  std::vector<due_connection> due_until(instant until) { return *runs->load_due(until, 10); }
};

} // namespace

TEST_F(run_keeper_test, a_connection_is_loaded_with_its_plan_and_its_secrets_laid_over_its_configuration) {
  auto loaded = load();
  EXPECT_EQ(loaded->path_of(0), "acme/main/items");
  EXPECT_EQ(loaded->config.map().find("token")->string(), "t");
  EXPECT_EQ(loaded->config.map().find("region")->string(), "eu");
  EXPECT_EQ(loaded->claim.shard, connection.shard);
}

TEST_F(run_keeper_test, a_plan_is_compiled_once_for_all_connections_of_a_source) {
  load(), load();
  EXPECT_EQ(plans_loaded, 1);
}

TEST_F(run_keeper_test, a_run_begins_with_its_continuations_and_moves_the_due_time_in_the_same_step) {
  ASSERT_TRUE(runs->set_due(connection.id, now, run_kind::scheduled) == caf::none);
  auto started = start(now);
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_EQ(started->opened, 1u);
  EXPECT_TRUE(due_until(now).empty());
  EXPECT_EQ(due_until(now + std::chrono::minutes{20}).size(), 1u);
}

TEST_F(run_keeper_test, a_cursor_before_the_start_of_its_source_moves_to_where_reading_begins) {
  read_by_date();
  auto stream = connection.streams.at(0).id;
  ASSERT_TRUE(runs->set_cursor(stream, "", instant{std::chrono::sys_days{std::chrono::year{2019} / 5 / 1}}) == caf::none);
  ASSERT_TRUE(start(now, run_kind::backfill));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, std::chrono::sys_days{std::chrono::year{2019} / 5 / 1})
    << "a backfill moves no cursor";
  ASSERT_TRUE(start(now));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, std::chrono::sys_days{std::chrono::year{2024} / 1 / 1});
}

TEST_F(run_keeper_test, a_cursor_beyond_the_start_of_its_source_stays_where_it_is) {
  read_by_date();
  auto known = instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}};
  ASSERT_TRUE(runs->set_cursor(connection.streams.at(0).id, "", known) == caf::none);
  ASSERT_TRUE(start(now));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, known);
}

TEST_F(run_keeper_test, a_run_that_is_still_open_is_skipped_and_the_due_time_moves_on) {
  ASSERT_TRUE(start(now));
  ASSERT_TRUE(runs->set_due(connection.id, now, run_kind::scheduled) == caf::none);
  auto again = start(now);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), errc::conflict);
  EXPECT_TRUE(due_until(now).empty());
}

TEST_F(run_keeper_test, a_missed_run_is_moved_where_the_schedule_skips_missed_runs) {
  connect(R"({"every":"15m","missed":"skip"})");
  auto started = start(now - std::chrono::hours{5});
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_FALSE(started->run);
  EXPECT_EQ(due_until(now + std::chrono::minutes{16}).size(), 1u);
}

TEST_F(run_keeper_test, a_requested_run_starts_once_and_leaves_the_due_time_where_it_is) {
  auto later = now + std::chrono::minutes{10};
  ASSERT_TRUE(runs->set_due(connection.id, later, run_kind::scheduled) == caf::none);
  ASSERT_TRUE(runs->request_run(connection.id, run_kind::manual, now));
  ASSERT_EQ(due_until(now).size(), 1u);
  auto started = ask<run_started>(keeper, start_run{load(), run_kind::manual, now});
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_TRUE(started->run);
  EXPECT_TRUE(due_until(now).empty());
  EXPECT_EQ(due_until(later).at(0).due, later);
}

TEST_F(run_keeper_test, a_requested_run_that_has_nothing_to_read_ends_as_a_run_that_is_seen) {
  connection.streams.clear();
  ASSERT_TRUE(catalog->put_connection(connection.tenant, connection));
  ASSERT_TRUE(runs->request_run(connection.id, run_kind::manual, now));
  auto started = ask<run_started>(keeper, start_run{load(), run_kind::manual, now});
  ASSERT_TRUE(started) << to_string(started.error());
  EXPECT_EQ(runs->load_run(started->run)->phase, run_phase::finished);
  EXPECT_TRUE(due_until(now).empty());
}

TEST_F(run_keeper_test, a_paused_connection_cannot_be_loaded) {
  ASSERT_TRUE(catalog->set_connection_state(connection.id, activity::paused, "holiday") == caf::none);
  auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), errc::conflict);
}

TEST_F(run_keeper_test, open_runs_are_told_of_one_tenant_only_when_it_asks) {
  ASSERT_TRUE(start(now));
  auto acme = connection;
  connect(R"({"every":"15m"})", "globex");
  ASSERT_TRUE(start(now));
  auto all = ask<open_runs_loaded>(keeper, load_open_runs{});
  EXPECT_EQ(all->runs.size(), 2u);
  auto own = ask<open_runs_loaded>(keeper, load_open_runs{acme.tenant, std::nullopt});
  ASSERT_EQ(own->runs.size(), 1u);
  EXPECT_EQ(own->runs[0].tenant, acme.tenant);
  EXPECT_TRUE(ask<open_runs_loaded>(keeper, load_open_runs{acme.tenant, connection.id})->runs.empty());
}

TEST_F(run_keeper_test, a_store_that_is_away_says_so) {
  database.inject(memory_fault::unavailable, 100);
  auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), errc::store_unavailable);
}
