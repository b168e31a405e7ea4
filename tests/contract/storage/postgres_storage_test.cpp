#include <gmock/gmock.h>

#include <algorithm>
#include <future>

#include "runtime/storage/postgres/migrate.hpp"
#include "tests/contract/storage/postgres_storage_fixture.hpp"
#include "tests/support/postgres_proxy.hpp"

/// What only a real database can show: sessions, locks and lost connections.
namespace lode::test {

namespace {

using enum commit_status;
using testing::HasSubstr;

/// The tables that a commit writes to, in its order: a zombie stops after each.
class zombie_at : public postgres_storage_test, public testing::WithParamInterface<const char*> {};

TEST_P(zombie_at, is_ended_by_a_claim_and_has_written_nothing) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  pause_at(GetParam());
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*store, page(1)); });
  await_pause();
  auto claims = claim("n1", heir);
  ASSERT_TRUE(claims) << to_string(claims.error());
  let_go();
  EXPECT_EQ(frozen.get(), unknown);
  auto settled = store->settle();
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_EQ(settled->at(0).status, again);
  EXPECT_EQ(commit_one(*store, page(1)), refused_fence);
  auto successor = make_postgres_page_store(database.settings(heir), 0);
  EXPECT_EQ(commit_one(*successor, page(1, 2)), committed);
  EXPECT_EQ(feed_rows(), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter"), 2);
  EXPECT_EQ(session.number("SELECT open FROM run"), 3);
}

TEST_P(zombie_at, keeps_a_claim_that_cannot_end_it_waiting_until_it_has_committed) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  pause_at(GetParam());
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*store, page(1)); });
  await_pause();
  test_session claimer{database.dsn()};
  const auto take_over = "SELECT lode_join('n1', 2002, '', 100, ARRAY[2001::bigint])";
  claimer.run("SET lock_timeout = 200");
  EXPECT_TRUE(claimer.link().run_script(take_over));
  EXPECT_EQ(claimer.link().last_failure().sqlstate, "55P03");
  let_go();
  EXPECT_EQ(frozen.get(), committed);
  claimer.run(take_over);
  EXPECT_EQ(session.number("SELECT version FROM continuation WHERE partition = ''"), 2);
  EXPECT_EQ(commit_one(*store, page(2)), refused_fence);
}

INSTANTIATE_TEST_SUITE_P(points, zombie_at,
                         testing::Values("continuation", "record", "feed", "stream", "dead_letter", "run", "writer"),
                         [](const auto& info) { return std::string{"after_"} + info.param; });

// An event locks no continuation, so nothing but the fence keeps the claim waiting here.
TEST_F(postgres_storage_test, the_fence_alone_keeps_a_claim_waiting) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto event = page(0);
  event.move = {};
  event.opens.clear();
  pause_at("record");
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*store, event); });
  await_pause();
  test_session claimer{database.dsn()};
  const auto take_over = "SELECT lode_join('n1', 2002, '', 100, ARRAY[2001::bigint])";
  claimer.run("SET lock_timeout = 200");
  EXPECT_TRUE(claimer.link().run_script(take_over));
  let_go();
  EXPECT_EQ(frozen.get(), committed);
  claimer.run(take_over);
  EXPECT_EQ(commit_one(*store, event), refused_fence);
}

TEST_F(postgres_storage_test, a_zombie_that_stops_before_its_fence_is_refused_when_it_wakes) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  session.run("BEGIN; SELECT FROM writer FOR UPDATE"); // the first thing that a commit locks
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*store, page(1)); });
  session.await("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lode/2001/writer-0' "
                "AND wait_event_type = 'Lock'");
  test_session claimer{database.dsn()};
  claimer.run("SELECT lode_join('n1', 2002, '', 100, ARRAY[2001::bigint])");
  session.run("COMMIT");
  EXPECT_EQ(frozen.get(), refused_fence);
  EXPECT_EQ(feed_rows(), 1);
}

TEST_F(postgres_storage_test, a_claim_ends_the_sessions_of_the_earlier_life) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  ASSERT_TRUE(claim("n1", heir));
  EXPECT_EQ(session.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lode/2001/%'"), 0);
}

TEST_F(postgres_storage_test, a_node_of_another_name_leaves_a_living_nodes_shards_alone) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  auto claims = claim("n2", heir);
  ASSERT_TRUE(claims);
  EXPECT_TRUE(claims->empty());
  EXPECT_EQ(commit_one(*store, page(1)), committed);
}

TEST_F(postgres_storage_test, a_commit_still_running_behind_a_broken_network_is_ended_before_it_is_judged) {
  postgres_proxy proxy{database.dsn()};
  auto settings = database.settings(zombie);
  settings.dsn = proxy.dsn();
  auto store = make_postgres_page_store(settings, 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  pause_at("feed");
  proxy.arm(postgres_proxy::cut::after_request);
  EXPECT_EQ(commit_one(*store, page(1)), unknown);
  await_pause(); // the lost session is in the middle of its commit
  auto settled = store->settle();
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_EQ(settled->at(0).status, again);
  let_go();
  session.run("DROP TRIGGER pause ON lode.feed");
  EXPECT_EQ(commit_one(*store, page(1)), committed);
  EXPECT_EQ(feed_rows(), 2);
}

// A writer that quits in an outage leaves its outcome open; its successor in the same process has its name and number.
TEST_F(postgres_storage_test, a_writer_that_enters_ends_what_an_earlier_one_of_its_name_still_has_on_its_way) {
  auto earlier = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*earlier, page(0)), committed);
  auto later = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*later, page(7)), refused_version) << "it has entered, and written nothing";
  EXPECT_EQ(commit_one(*earlier, page(1)), unknown) << "its session is gone";
  EXPECT_EQ(feed_rows(), 1);
  auto next = page(1);
  next.changes[0].key = "of the later one";
  EXPECT_EQ(commit_one(*later, next), committed);
  EXPECT_EQ(session.number("SELECT count(*) FROM record WHERE key = 'of the later one'"), 1);
}

TEST_F(postgres_storage_test, what_a_writer_reads_is_not_overtaken_by_a_commit_of_its_earlier_session) {
  auto earlier = make_postgres_page_store(database.settings(zombie), 0);
  pause_at("record");
  auto frozen = std::async(std::launch::async, [&] { return commit_one(*earlier, page(0)); });
  await_pause();
  auto later = make_postgres_page_store(database.settings(zombie), 0);
  const stream_place place{connection.shard, connection.streams[0].id};
  auto standings = later->standings({&place, 1});
  let_go();
  EXPECT_EQ(frozen.get(), unknown);
  ASSERT_TRUE(standings) << to_string(standings.error());
  EXPECT_TRUE(standings->at(0).is_empty);
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 0);
}

TEST_F(postgres_storage_test, a_page_that_takes_too_long_is_told_apart_from_a_database_that_commits_nothing) {
  auto settings = database.settings(zombie);
  settings.statement_timeout = std::chrono::milliseconds{400};
  auto store = make_postgres_page_store(settings, 0);
  session.run("CREATE FUNCTION lode.slow() RETURNS trigger LANGUAGE plpgsql AS "
              "'BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END';"
              "CREATE TRIGGER slow BEFORE INSERT ON lode.record FOR EACH ROW EXECUTE FUNCTION lode.slow()");
  auto large = page(0);
  for (int i = 0; i < 100; ++i)
    large.changes.push_back({change_kind::inserted, "r" + std::to_string(i), "{}", {1, 1}, {0, 1, 1}});
  auto slow = store->commit({&large, 1});
  EXPECT_EQ(slow[0].status, timed_out);
  EXPECT_THAT(slow[0].message, HasSubstr("400 ms"));
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 0);
  EXPECT_EQ(commit_one(*store, page(0)), committed);
  session.run("BEGIN; SELECT FROM writer FOR UPDATE");
  EXPECT_EQ(commit_one(*store, page(1)), unavailable);
  session.run("COMMIT");
  EXPECT_EQ(commit_one(*store, page(1)), committed);
}

TEST_F(postgres_storage_test, a_probe_finds_any_number_of_keys) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto large = page(0);
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i)
    names.push_back("r" + std::to_string(i));
  for (const auto& name : names)
    large.changes.push_back({change_kind::inserted, name, "{}", {1, 1}, {0, 1, 1}});
  ASSERT_EQ(commit_one(*store, large), committed);
  names.push_back("unknown");
  std::vector<std::string_view> keys{names.begin(), names.end()};
  auto facts = store->probe(connection.shard, connection.streams[0].id, keys);
  ASSERT_TRUE(facts);
  EXPECT_EQ(std::count_if(facts->begin(), facts->end(), [](const auto& fact) { return fact.known; }), 5000);
  EXPECT_FALSE(facts->back().known);
}

TEST_F(postgres_storage_test, a_store_that_is_away_is_unavailable_and_comes_back_by_itself) {
  auto settings = database.settings(zombie);
  settings.dsn = "postgresql://lode@%2Fnowhere/lode";
  auto store = make_postgres_page_store(settings, 0);
  EXPECT_EQ(commit_one(*store, page(0)), unavailable);
  const std::string_view key = "a";
  EXPECT_EQ(code_of(store->probe({0}, {1}, std::span{&key, 1}).error()), errc::store_unavailable);
  auto nothing_asked = store->probe({0}, {1}, {});
  ASSERT_FALSE(nothing_asked);
  EXPECT_EQ(code_of(nothing_asked.error()), errc::store_unavailable);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  ASSERT_TRUE(catalog->find_tenant("acme"));
  session.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'lode/1/catalog'");
  EXPECT_EQ(code_of(catalog->find_tenant("acme").error()), errc::store_unavailable);
  EXPECT_TRUE(catalog->find_tenant("acme"));
}

TEST_F(postgres_storage_test, a_locked_table_makes_a_commit_unavailable_and_nothing_is_written) {
  auto settings = database.settings(zombie);
  settings.lock_timeout = std::chrono::milliseconds{100};
  auto store = make_postgres_page_store(settings, 0);
  session.run("BEGIN; LOCK TABLE feed");
  EXPECT_EQ(commit_one(*store, page(0)), unavailable);
  session.run("COMMIT");
  EXPECT_EQ(commit_one(*store, page(0)), committed);
}

TEST_F(postgres_storage_test, sessions_have_limits_and_a_name) {
  postgres_settings settings;
  settings.dsn = database.dsn();
  settings.self = {5};
  postgres_connection link{settings, "writer-3"};
  auto row = link.execute({"limits", "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), "
                                     "current_setting('idle_in_transaction_session_timeout'), "
                                     "current_setting('application_name'), current_setting('jit')"});
  ASSERT_TRUE(row);
  EXPECT_EQ(row->text(0, 0), "1900ms");
  EXPECT_EQ(row->text(0, 1), "1500ms");
  EXPECT_EQ(row->text(0, 2), "1900ms");
  EXPECT_EQ(row->text(0, 3), "lode/5/writer-3");
  EXPECT_EQ(row->text(0, 4), "off");
}

TEST_F(postgres_storage_test, a_session_is_one_that_can_write_unless_the_DSN_says_otherwise) {
  const auto& name = database.name();
  session.run("ALTER DATABASE " + name + " SET default_transaction_read_only = on"); // as a stand-by's sessions are
  auto settings = database.settings(zombie);
  postgres_connection writing{settings, "test"};
  EXPECT_EQ(code_of(writing.connect()), errc::store_unavailable);
  settings.dsn += (settings.dsn.find('?') == std::string::npos ? "?" : "&") + std::string{"target_session_attrs=any"};
  postgres_connection reading{settings, "test"};
  auto connected = reading.connect();
  EXPECT_FALSE(connected) << to_string(connected);
}

/// What was changed after a refusal was compared with what the writer took for stored. The memory store does not look again.
TEST_F(postgres_storage_test, after_a_refused_change_the_feed_tells_a_key_as_the_store_holds_it) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto first = page(0);
  first.changes = {{change_kind::inserted, "a", "1", {1, 1}, {0, 1, 1}}};
  ASSERT_EQ(commit_one(*store, first), committed);
  session.run("ALTER TABLE lode.record ADD CONSTRAINT poison CHECK (payload <> 'bad')");
  auto next = page(1);
  next.changes = {{change_kind::updated, "a", "bad", {2, 2}, {0, 1, 2}}, {change_kind::updated, "a", "1", {1, 1}, {0, 1, 3}},
                  {change_kind::inserted, "b", "bad", {2, 2}, {0, 1, 4}}, {change_kind::updated, "b", "1", {3, 3}, {0, 1, 5}},
                  {change_kind::inserted, "c", "bad", {2, 2}, {0, 1, 6}}};
  next.counters.inserted = 2;
  next.counters.updated = 3;
  auto done = store->commit({&next, 1});
  ASSERT_EQ(done[0].status, committed) << done[0].message;
  EXPECT_EQ(done[0].dead_lettered.size(), 3u);
  auto feed = make_postgres_catalog_store(database.settings({1}))->read_feed(connection.shard, 0, 10);
  ASSERT_TRUE(feed);
  ASSERT_EQ(feed->size(), 2u) << "nothing happened to a, and c is not stored";
  EXPECT_EQ(feed->at(0).key, "a");
  EXPECT_EQ(feed->at(1).key, "b");
  EXPECT_EQ(feed->at(1).kind, change_kind::inserted);
  EXPECT_EQ(feed->at(1).hash, (content_hash{3, 3}));
  EXPECT_EQ(session.number("SELECT inserted * 100 + updated * 10 + unchanged FROM continuation WHERE partition = ''"), 101);
}

TEST_F(postgres_storage_test, what_postgresql_cannot_store_is_dead_lettered_with_a_reason) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  auto alone = page(0);
  alone.changes.push_back({change_kind::inserted, std::string(3000, 'k'), "{}", {2, 2}, {0, 1, 2}});
  alone.changes.push_back({change_kind::inserted, std::string("n\0l", 3), "{}", {3, 3}, {0, 1, 3}});
  alone.changes.push_back({change_kind::inserted, "latin", "\xE4", {4, 4}, {0, 1, 4}});
  alone.partition = "";
  auto done = store->commit({&alone, 1});
  EXPECT_EQ(done[0].status, committed) << done[0].message;
  EXPECT_EQ(done[0].dead_lettered.size(), 3u);
  EXPECT_EQ(session.number("SELECT count(*) FROM record"), 1);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter WHERE reason LIKE '%UTF-8%'"), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM dead_letter WHERE reason LIKE '%3000 bytes%'"), 1);
}

TEST_F(postgres_storage_test, each_changing_commit_gives_the_stream_a_new_cache_tag) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  const auto tag = [&] { return session.number("SELECT cache_tag FROM stream"); };
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  const auto first = tag();
  auto unchanged = page(1);
  unchanged.changes.clear();
  ASSERT_EQ(commit_one(*store, unchanged), committed);
  EXPECT_EQ(tag(), first);
  ASSERT_EQ(commit_one(*store, page(2)), committed);
  EXPECT_NE(tag(), first);
}

TEST_F(postgres_storage_test, moving_a_continuation_touches_no_index) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  for (int version = 0; version < 20; ++version) {
    auto next = page(version);
    next.opens.clear();
    ASSERT_EQ(commit_one(*store, next), committed);
  }
  store.reset(); // a session reports its counts when it ends
  session.await("SELECT (n_tup_upd >= 20)::int::bigint FROM pg_stat_user_tables WHERE relname = 'continuation'");
  EXPECT_EQ(session.number("SELECT n_tup_upd - n_tup_hot_upd FROM pg_stat_user_tables "
                           "WHERE relname = 'continuation'"), 0);
}

TEST_F(postgres_storage_test, a_reader_behind_the_trim_gets_an_error_not_a_jump) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  ASSERT_EQ(commit_one(*store, page(1)), committed);
  session.run("DELETE FROM feed WHERE base_seq = 1; UPDATE shard SET feed_trimmed = 1 WHERE id = " + shard);
  auto catalog = make_postgres_catalog_store(database.settings({1}));
  EXPECT_EQ(code_of(catalog->read_feed(connection.shard, 0, 10).error()), errc::bad_argument);
  EXPECT_EQ(catalog->read_feed(connection.shard, 1, 10)->size(), 1u);
}

TEST_F(postgres_storage_test, a_feed_row_lands_in_the_partition_of_its_week) {
  auto store = make_postgres_page_store(database.settings(zombie), 0);
  ASSERT_EQ(commit_one(*store, page(0)), committed);
  EXPECT_EQ(session.number("SELECT count(*) FROM feed_default"), 0);
}

// -- migrations -------------------------------------------------------------------------------

postgres_settings settings_for(const std::string& dsn) {
  postgres_settings out;
  out.dsn = dsn;
  return out;
}

TEST(migrations, bring_an_empty_database_to_this_programs_schema_once) {
  auto settings = settings_for(empty_database_dsn());
  auto before = check_schema(settings);
  EXPECT_EQ(code_of(before), errc::conflict);
  EXPECT_THAT(to_string(before), HasSubstr("lode migrate"));
  auto first = migrate(settings);
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->applied.size(), embedded_migrations().size());
  auto second = migrate(settings);
  EXPECT_TRUE(second->applied.empty());
  EXPECT_EQ(second->from, embedded_migrations().back().version);
  EXPECT_FALSE(check_schema(settings));
}

TEST(migrations, refuse_a_database_that_is_newer_than_the_program) {
  test_database database;
  auto settings = settings_for(database.dsn());
  test_session{database.dsn()}.run("INSERT INTO lode.migration (version, name) VALUES (9999, 'x')");
  auto refused = migrate(settings);
  EXPECT_EQ(code_of(refused.error()), errc::conflict);
  EXPECT_THAT(to_string(refused.error()), HasSubstr("9999"));
  EXPECT_EQ(code_of(check_schema(settings)), errc::conflict);
}

TEST(migrations, do_not_wait_for_another_process_that_migrates) {
  test_database database;
  test_session other{database.dsn()};
  other.run("SELECT pg_advisory_lock(x'6c6f6465'::bigint)");
  auto settings = settings_for(database.dsn());
  EXPECT_EQ(code_of(migrate(settings).error()), errc::store_unavailable);
  other.run("SELECT pg_advisory_unlock(x'6c6f6465'::bigint)");
  EXPECT_TRUE(migrate(settings));
}

TEST(doctor, reports_what_durability_hangs_on) {
  test_database database;
  auto report = inspect_postgres(settings_for(database.dsn()));
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_THAT(report->server_version, HasSubstr("15"));
  EXPECT_TRUE(report->fsync);
  EXPECT_EQ(report->synchronous_commit, "on");
  EXPECT_EQ(report->schema_version, embedded_migrations().back().version);
}

} // namespace

} // namespace lode::test
