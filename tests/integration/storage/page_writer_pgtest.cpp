#include "actors/storage/page_writer.hpp"

#include <gmock/gmock.h>

#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

namespace {

constexpr incarnation self{3001};

/// A writer for one tenant with two connections, each with an open run of one slice, in a database that needs 20 ms for
/// each new record and may work 400 ms on a statement.
struct page_writer_pgtest : actor_test {
  struct mined {
    connection_row row;
    started_run run;
    shard_claim claim;
  };

  page_writer_pgtest() {
    auto runs = make_postgres_run_store(database.settings(self));
    auto catalog = make_postgres_catalog_store(database.settings(self));
    auto claims = *claim_everything(*make_postgres_membership_store(database.settings(self), "cluster"), "n1", self);
    auto source = *catalog->put_source("shop", "manifest", "v1");
    auto tenant = *catalog->create_tenant("acme");
    for (auto* each : {&large, &small}) {
      connection_row wanted;
      wanted.name = each == &large ? "large" : "small";
      wanted.source = source.id;
      wanted.streams = {{{}, "posts", 0}};
      each->row = *catalog->put_connection(tenant.id, wanted);
      each->claim = claims.at(static_cast<size_t>(each->row.shard.value));
      run_start start;
      start.connection = each->row.id;
      start.claim = each->claim;
      start.first = {{each->row.streams[0].id, "", january, "state 0"}};
      each->run = *runs->start_run(start);
    }
    session.run("CREATE FUNCTION lode.slow() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END';"
                "CREATE TRIGGER slow BEFORE INSERT ON lode.record FOR EACH ROW EXECUTE FUNCTION lode.slow()");
    auto limits = database.settings(self);
    limits.statement_timeout = std::chrono::milliseconds{400};
    page_writer_settings settings;
    settings.large_records = 50;
    writer = spawn<page_writer>(make_postgres_page_store(limits, 0), &health, settings, page_writer_report{});
  }

  void send(const mined& to, int64_t version, int records, continuation_phase phase = continuation_phase::open) {
    hashed_page page;
    page.tenant = to.row.tenant;
    page.connection = to.row.id;
    page.stream = to.row.streams[0].id;
    page.shard = to.claim.shard;
    page.epoch = to.claim.epoch;
    page.move = {to.run.opened[0], to.run.run, version, phase, "state", ""};
    page.completed = january;
    page.completes_slice = phase == continuation_phase::closed;
    page.handed_on = system.clock().now();
    for (int i = 0; i < records; ++i)
      page.records.push_back({"k" + std::to_string(version) + "-" + std::to_string(i), "{}", {1, 1}, 0});
    caf::anon_send(writer, std::move(page), client);
  }

  static constexpr slice_bounds january{instant{std::chrono::days{20'000}}, instant{std::chrono::days{20'031}}};
  test_database database;
  test_session session{database.dsn()};
  mined large;
  mined small;
  store_health health;
  page_writer_actor writer;
  std::vector<page_committed> committed;
  std::vector<page_refused> refused;
  page_client_actor client = spawn_fake<page_client_actor>([this](const page_committed& msg) { committed.push_back(msg); },
                                                           [this](const page_refused& msg) { refused.push_back(msg); });
};

} // namespace

TEST_F(page_writer_pgtest, a_page_too_large_to_commit_in_time_fails_with_its_reason_and_blocks_nobody) {
  send(large, 0, 60, continuation_phase::closed);
  for (int version = 0; version < 3; ++version)
    send(small, version, 2);
  run();
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 6);
  EXPECT_EQ(session.number("SELECT version FROM continuation WHERE run_id = " + to_string(small.run.run)), 3);
  ASSERT_EQ(committed.size(), 4u);
  EXPECT_EQ(committed.back().phase, continuation_phase::failed) << "the large one comes last";
  EXPECT_TRUE(committed.back().run_ended);
  EXPECT_THAT(committed.back().reason, testing::HasSubstr("a page of 60 records"));
  EXPECT_THAT(committed.back().reason, testing::HasSubstr("store.statement_timeout (400 ms); lower the page size"));
  EXPECT_FALSE(health.is_out());
  auto owed = session.number("SELECT count(*) FROM run WHERE id = " + to_string(large.run.run)
                             + " AND phase = 2 AND reason LIKE '%lower the page size%'");
  EXPECT_EQ(owed, 1);
  EXPECT_EQ(session.number("SELECT count(*) FROM closed_interval"), 0) << "its interval stays owed";
}

TEST_F(page_writer_pgtest, a_group_that_is_too_much_for_the_database_commits_in_parts) {
  for (int version = 0; version < 6; ++version)
    send(small, version, 8);
  run();
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 48);
  EXPECT_EQ(committed.size(), 6u);
  EXPECT_TRUE(refused.empty());
  EXPECT_FALSE(health.is_out());
}

} // namespace lode::test
