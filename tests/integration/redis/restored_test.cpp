#include <gmock/gmock.h>

#include "actors/storage/change_finder.hpp"
#include "runtime/redis/shared_positions.hpp"
#include "runtime/storage/feed_cursor.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/redis_fixture.hpp"

namespace lode::test {

namespace {

constexpr incarnation before{3001};
constexpr incarnation after{3002};

/// A connection with an open run, which one life mines, and the next one after the database was put back to an older state while
/// Redis kept the newer one.
struct restored_test : testing::Test {
  struct life {
    incarnation self;
    shard_claim claim;
    int64_t generation = 0;
  };

  restored_test() {
    auto runs = make_postgres_run_store(database.settings(before));
    auto catalog = make_postgres_catalog_store(database.settings(before));
    auto claims = *claim_everything(*make_postgres_membership_store(database.settings(before), "cluster"), "n1", before);
    auto tenant = *catalog->create_tenant("acme");
    connection_row wanted;
    wanted.name = "shop";
    wanted.source = catalog->put_source("shop", "manifest", "v1")->id;
    wanted.streams = {{{}, "posts", 0}};
    connection = *catalog->put_connection(tenant.id, wanted);
    first = {before, claims.at(static_cast<size_t>(connection.shard.value)), *catalog->store_generation()};
    run_start start;
    start.connection = connection.id;
    start.claim = first.claim;
    start.first = {{connection.streams[0].id, "", {}, "state 0"}};
    run = *runs->start_run(start);
  }

  /// A writer's life from its start: it compares one page with the record and commits it. How many changes it found; none when the
  /// page was refused.
  std::optional<size_t> read(const life& who, int64_t version, uint64_t content) {
    auto store = make_postgres_page_store(database.settings(who.self), 0);
    change_finder finder{*store, 1 << 20, std::make_unique<shared_facts>(redis.settings(), who.generation)};
    std::vector<hashed_page> pages(1);
    auto& page = pages[0];
    page.tenant = connection.tenant;
    page.connection = connection.id;
    page.stream = connection.streams[0].id;
    page.shard = who.claim.shard;
    page.epoch = who.claim.epoch;
    page.move = {run.opened[0], run.run, version, continuation_phase::open, "state", ""};
    page.stamp = {0, who.claim.epoch.value, version + 1};
    page.records.push_back({"k", "{\"content\":" + std::to_string(content) + "}", {1, content}, 0});
    auto commits = finder.compare(pages);
    auto outcomes = store->commit(*commits);
    finder.conclude(*commits, outcomes);
    return outcomes[0].status == commit_status::committed ? std::optional{commits->front().changes.size()} : std::nullopt;
  }

  /// `lode restored`, and the next life claims.
  life go_on() {
    auto generations = make_postgres_generation_store(database.settings({}));
    caf::expected<new_generation> made = caf::error{};
    await("a new generation begins", [&] { return bool(made = generations->begin_generation()); });
    auto runs = make_postgres_run_store(database.settings(after));
    auto claims = *claim_everything(*make_postgres_membership_store(database.settings(after), "cluster"), "n1", after);
    version = runs->load_continuation(run.opened[0])->version;
    return {after, claims.at(static_cast<size_t>(connection.shard.value)), made->now};
  }

  int64_t number(const std::string& sql) { return test_session{database.dsn()}.number(sql); }

  test_redis redis;
  test_database database;
  connection_row connection;
  started_run run;
  life first;
  int64_t version = 0; ///< of the continuation, as the next life finds it
};

} // namespace

TEST_F(restored_test, what_the_database_lost_is_stored_again_although_Redis_still_knows_it) {
  ASSERT_EQ(read(first, 0, 1), 1u);
  save_database(database.dsn());
  ASSERT_EQ(read(first, 1, 2), 1u);
  restore_database(database.dsn());
  auto next = go_on();
  EXPECT_EQ(read(next, version, 2), 1u);
  EXPECT_EQ(number("SELECT hash_low FROM record WHERE key = 'k'"), 2);
  EXPECT_EQ(number("SELECT sum(count)::bigint FROM feed"), 2) << "the change is told to readers again";
  EXPECT_EQ(read(next, version + 1, 2), 0u);
}

TEST_F(restored_test, what_Redis_knows_counts_only_with_the_tag_within_a_generation_too) {
  ASSERT_EQ(read(first, 0, 1), 1u);
  save_database(database.dsn());
  ASSERT_EQ(read(first, 1, 2), 1u);
  restore_database(database.dsn()); // and nobody says so
  EXPECT_EQ(read(first, 1, 2), 1u);
  EXPECT_EQ(number("SELECT hash_low FROM record WHERE key = 'k'"), 2);
}

TEST_F(restored_test, a_zombie_of_before_commits_nothing_and_misleads_nobody) {
  ASSERT_EQ(read(first, 0, 1), 1u);
  save_database(database.dsn());
  restore_database(database.dsn());
  auto next = go_on();
  EXPECT_EQ(read(first, 1, 3), std::nullopt);
  EXPECT_EQ(read(first, version, 3), std::nullopt);
  EXPECT_EQ(number("SELECT hash_low FROM record WHERE key = 'k'"), 1);
  EXPECT_EQ(read(next, version, 3), 1u);
}

TEST_F(restored_test, a_cursor_of_before_is_refused_with_what_to_do) {
  auto cursor = encode_feed_cursor({first.generation, {{first.claim.shard, 5}}});
  auto refused = decode_feed_cursor(cursor, go_on().generation);
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), errc::conflict);
  EXPECT_THAT(message_of(refused.error()), testing::HasSubstr("take a cursor of now"));
}

TEST_F(restored_test, Redis_remembers_how_far_the_feed_was_and_never_less) {
  shared_positions positions{redis.settings(), 1};
  EXPECT_EQ(positions.read(), std::nullopt);
  positions.raise(999);
  positions.raise(1'000);
  EXPECT_EQ(positions.read(), 1'000);
  positions.raise(9);
  positions.raise(999);
  EXPECT_EQ(positions.read(), 1'000);
  positions.raise(int64_t{1} << 60);
  positions.raise((int64_t{1} << 60) - 1);
  EXPECT_EQ(positions.read(), int64_t{1} << 60);
  EXPECT_EQ((shared_positions{redis.settings(), 2}.read()), std::nullopt) << "of another generation";
  redis.kill();
  EXPECT_EQ(positions.read(), std::nullopt);
}

} // namespace lode::test
