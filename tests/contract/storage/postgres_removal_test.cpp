#include <gmock/gmock.h>

#include <future>

#include "runtime/storage/postgres/postgres_upkeep_store.hpp"
#include "tests/contract/storage/postgres_storage_fixture.hpp"

/// What is removed by people, and because it is old.
namespace lode::test {

namespace {

using enum commit_status;
using testing::HasSubstr;

TEST_F(postgres_storage_test, a_connection_that_is_put_while_its_tenant_is_removed_is_removed_with_it) {
  const auto tenant = to_string(connection.tenant);
  session.run("BEGIN; SELECT FROM tenant WHERE id = " + tenant + " FOR SHARE; "
              "INSERT INTO connection (tenant_id, shard, source_id, name) "
              "SELECT tenant_id, shard, source_id, 'late' FROM connection WHERE tenant_id = " + tenant);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  auto removal = std::async(std::launch::async, [&] { return catalog->begin_erase(connection.tenant); });
  test_session{database.dsn()}.await("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                     "AND application_name = 'lode/1/catalog'");
  session.run("COMMIT");
  auto failed = removal.get();
  ASSERT_FALSE(failed) << to_string(failed);
  EXPECT_EQ(session.number("SELECT count(*) FROM connection WHERE state <> 3"), 0);
  caf::expected<size_t> erased{size_t{1}};
  for (int step = 0; step < 100 && erased && *erased > 0; ++step)
    erased = catalog->erase_some(connection.tenant, 100);
  ASSERT_TRUE(erased) << to_string(erased.error());
  EXPECT_EQ(session.number("SELECT count(*) FROM tenant"), 0);
}

TEST_F(postgres_storage_test, a_connection_is_not_put_for_a_tenant_whose_removal_has_begun_meanwhile) {
  session.run("BEGIN; SELECT lode_begin_erase(" + to_string(connection.tenant) + ", null)");
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  auto wanted = connection;
  wanted.name = "late";
  auto put = std::async(std::launch::async, [&] { return catalog->put_connection(connection.tenant, wanted); });
  test_session{database.dsn()}.await("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                     "AND application_name = 'lode/1/catalog'");
  session.run("COMMIT");
  auto refused = put.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), errc::not_found);
}

TEST_F(postgres_storage_test, a_removal_begins_without_waiting_for_open_slices_and_refuses_their_pages) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto settings = database.settings({1});
  settings.lock_timeout = std::chrono::milliseconds{200};
  auto catalog = make_postgres_catalog_store(settings);
  session.run("BEGIN; SELECT FROM continuation FOR UPDATE");
  auto failed = catalog->begin_erase(connection.tenant);
  EXPECT_FALSE(failed) << to_string(failed) << ": it touches as many rows as there are open slices";
  session.run("COMMIT");
  EXPECT_EQ(commit_one(*store, page(0)), refused_version);
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 0);
}

TEST_F(postgres_storage_test, two_that_erase_the_same_leave_nothing_behind) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto large = page(0);
  for (int i = 0; i < 200; ++i)
    large.changes.push_back({change_kind::inserted, "r" + std::to_string(i), "{}", {1, 1}, {0, 1, 1}});
  ASSERT_EQ(commit_one(*store, large), committed);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  ASSERT_FALSE(catalog->begin_erase(connection.tenant));
  session.run("BEGIN; SELECT lode_erase_some(" + to_string(connection.tenant) + ", null, 100)");
  auto other = std::async(std::launch::async, [&] { return catalog->erase_some(connection.tenant, 100); });
  test_session{database.dsn()}.await("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                     "AND application_name = 'lode/1/catalog'");
  session.run("COMMIT");
  auto erased = other.get();
  ASSERT_TRUE(erased) << to_string(erased.error());
  for (int step = 0; step < 100 && erased && *erased > 0; ++step)
    erased = catalog->erase_some(connection.tenant, 100);
  EXPECT_EQ(session.number("SELECT count(*) FROM tenant"), 0);
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 0);
}

/// One whole pass with nothing kept longer than a microsecond.
void tidy(upkeep_store& store) {
  constexpr std::chrono::microseconds moment{1};
  for (int steps = 0; steps < 100; ++steps)
    if (auto has_more = store.tidy_some({moment, moment, moment}, 100); !has_more || !*has_more) {
      EXPECT_TRUE(has_more) << to_string(has_more.error());
      return;
    }
}

TEST_F(postgres_storage_test, a_week_of_the_feed_that_is_old_goes_as_a_whole_and_a_reader_behind_it_gets_an_error) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  ASSERT_EQ(commit_one(*store, page(1)), committed);
  session.run("CREATE TABLE lode.feed_20200106 PARTITION OF lode.feed FOR VALUES FROM ('2020-01-06') TO ('2020-01-13');"
              "UPDATE feed SET created = '2020-01-07' WHERE base_seq = 1");
  auto upkeep = make_postgres_upkeep_store(database.settings({1}));
  tidy(*upkeep);
  EXPECT_EQ(session.number("SELECT count(*) FROM pg_class WHERE relname = 'feed_20200106'"), 0);
  EXPECT_EQ(session.number("SELECT feed_trimmed FROM shard WHERE id = " + shard), 1);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  auto late = catalog->read_feed(connection.shard, 0, 10);
  EXPECT_EQ(code_of(late.error()), errc::bad_argument);
  EXPECT_THAT(to_string(late.error()), HasSubstr("after=now"));
  EXPECT_EQ(catalog->read_feed(connection.shard, 1, 10)->size(), 1u);
  ASSERT_EQ(commit_one(*store, page(2)), committed);
  EXPECT_EQ(*catalog->feed_end(connection.shard), 3);
}

TEST_F(postgres_storage_test, a_reader_that_holds_the_feed_delays_its_trimming_and_no_commit_for_long) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  session.run("CREATE TABLE lode.feed_20200106 PARTITION OF lode.feed FOR VALUES FROM ('2020-01-06') TO ('2020-01-13')");
  session.run("BEGIN; SELECT count(*) FROM feed");
  auto upkeep = make_postgres_upkeep_store(database.settings({1}));
  caf::expected<bool> step = true;
  for (int steps = 0; steps < 10 && step && *step; ++steps)
    step = upkeep->tidy_some({{}, {}, std::chrono::microseconds{1}}, 100);
  EXPECT_EQ(code_of(step.error()), errc::store_unavailable);
  EXPECT_EQ(commit_one(*store, page(0)), committed);
  session.run("COMMIT");
  tidy(*upkeep);
  EXPECT_EQ(session.number("SELECT count(*) FROM pg_class WHERE relname = 'feed_20200106'"), 0);
}

TEST_F(postgres_storage_test, a_node_that_runs_for_long_gets_new_weeks_of_the_feed) {
  session.run("DO $$ DECLARE week text; BEGIN FOR week IN SELECT relname FROM pg_class WHERE relname ~ '^feed_[0-9]{8}$' "
              "LOOP EXECUTE format('DROP TABLE lode.%I', week); END LOOP; END $$");
  tidy(*make_postgres_upkeep_store(database.settings({1})));
  EXPECT_GE(session.number("SELECT count(*) FROM pg_class WHERE relname ~ '^feed_[0-9]{8}$'"), 5);
}

TEST_F(postgres_storage_test, what_found_no_week_of_the_feed_goes_too_when_it_is_old) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  for (int version = 0; version < 4; ++version)
    ASSERT_EQ(commit_one(*store, page(version)), committed);
  session.run("UPDATE feed SET created = '2020-01-07' WHERE base_seq <= 3");
  ASSERT_EQ(session.number("SELECT count(*) FROM feed_default"), 3);
  auto upkeep = make_postgres_upkeep_store(database.settings({1}));
  caf::expected<bool> step = true;
  for (int steps = 0; steps < 100 && step && *step; ++steps)
    step = upkeep->tidy_some({{}, {}, std::chrono::microseconds{1}}, 2);
  EXPECT_TRUE(step) << to_string(step.error());
  EXPECT_EQ(session.number("SELECT count(*) FROM feed_default"), 0);
  EXPECT_EQ(session.number("SELECT feed_trimmed FROM shard WHERE id = " + shard), 3);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  EXPECT_EQ(code_of(catalog->read_feed(connection.shard, 2, 10).error()), errc::bad_argument);
  EXPECT_EQ(catalog->read_feed(connection.shard, 3, 10)->size(), 1u);
}

TEST_F(postgres_storage_test, a_week_whose_rows_found_no_partition_keeps_no_other_week_from_being_made) {
  session.run("DO $$ DECLARE week text; BEGIN FOR week IN SELECT relname FROM pg_class WHERE relname ~ '^feed_[0-9]{8}$' "
              "LOOP EXECUTE format('DROP TABLE lode.%I', week); END LOOP; END $$");
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  ASSERT_EQ(session.number("SELECT count(*) FROM feed_default"), 1);
  tidy(*make_postgres_upkeep_store(database.settings({1})));
  EXPECT_GE(session.number("SELECT count(*) FROM pg_class WHERE relname ~ '^feed_[0-9]{8}$'"), 5);
  EXPECT_EQ(session.number("SELECT count(*) FROM feed_default"), 1) << "this week is not over";
}

TEST_F(postgres_storage_test, a_dead_letter_is_as_old_as_its_last_sight_and_those_behind_it_go_all_the_same) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  for (int version = 0; version < 6; ++version)
    ASSERT_EQ(commit_one(*store, page(version)), committed);
  session.run("UPDATE dead_letter SET created = created - interval '2 days'");
  auto again = page(6);
  again.dead = {{"d0", "text", "reason", {}}, {"d1", "text", "reason", {}}};
  ASSERT_EQ(commit_one(*store, again), committed);
  auto upkeep = make_postgres_upkeep_store(database.settings({1}));
  caf::expected<bool> step = true;
  for (int steps = 0; steps < 100 && step && *step; ++steps)
    step = upkeep->tidy_some({{}, std::chrono::hours{24}, {}}, 2);
  EXPECT_TRUE(step) << to_string(step.error());
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter"), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter WHERE key IN ('d0', 'd1')"), 2);
}

TEST_F(postgres_storage_test, dead_letters_of_an_earlier_release_stay_as_they_are) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  session.run("UPDATE dead_letter SET fingerprint = null; "
              "INSERT INTO dead_letter (tenant_id, connection_id, stream_id, run_id, order_field, order_epoch, order_counter, "
              "key, payload, reason) SELECT tenant_id, connection_id, stream_id, run_id, 0, 0, 0, key, payload, reason "
              "FROM dead_letter");
  auto again = page(1);
  again.dead = page(0).dead;
  ASSERT_EQ(commit_one(*store, again), committed);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter"), 3);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter WHERE times = 1 AND last_seen IS NULL"), 3);
}

TEST_F(postgres_storage_test, evidence_of_lives_that_ended_is_removed_and_that_of_the_living_stays) {
  auto before = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*before, page(0)), committed);
  ASSERT_TRUE(claim("n1", heir));
  auto now = make_postgres_page_store(database.settings(heir), 0);
  auto next = page(1, 2);
  ASSERT_EQ(commit_one(*now, next), committed);
  tidy(*make_postgres_upkeep_store(database.settings({1})));
  EXPECT_EQ(session.number("SELECT count(*) FROM writer"), 1);
  EXPECT_EQ(session.number("SELECT incarnation FROM writer"), heir.value);
  EXPECT_EQ(commit_one(*now, page(2, 2)), committed);
}

} // namespace

} // namespace lode::test
