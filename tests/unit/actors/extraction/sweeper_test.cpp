#include "actors/extraction/sweeper.hpp"

#include <set>

#include "actors/extraction/connection_context.hpp"
#include "actors/scheduling/run_keeper.hpp"
#include "actors/storage/page_writer.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/storage/fact_print.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using lode::test::claim_everything;
using namespace std::chrono_literals;

namespace {

/// A full pass of one stream over a store in memory; the pages are written by the test, the sweep is real.
struct sweeper_test : actor_test {
  static constexpr incarnation self{77};
  memory_database database;
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<run_store> runs = database.make_run_store(self);
  std::unique_ptr<page_store> pages = database.make_page_store(self, 9);
  store_health health;
  int64_t clock = 0;
  std::vector<noted_event> told;
  std::vector<continuation_ended> endings;
  int64_t deleted = 0; ///< as the writer counted
  connection_row connection;
  connection_pointer context;
  run_keeper_actor keeper;
  std::shared_ptr<mining_services> services = std::make_shared<mining_services>();
  tenant_supervisor_actor supervisor = spawn_fake<tenant_supervisor_actor>(
    [](const begin_run&) {}, [](const resume_run&) {}, [](connection_changed) {}, [](const cancel_run&) {},
    [](listen) {}, [](const hear_webhook&) {}, [](successor_listens) {}, [](replay_dead_letter) {}, [](leave_tenant) {}, [this](const continuation_ended& msg) { endings.push_back(msg); }, [](const continuations_opened&) {},
    [](const connection_failed&) {}, [](records_died) {}, [](timer_fired) {});
  run_id pass;

  void SetUp() override {
    run_keeper_parts parts;
    parts.claims = *claim_everything(*database.make_membership_store(self), "n1", self);
    parts.runs = database.make_run_store(self);
    parts.catalog = database.make_catalog_store();
    parts.codec = &codec;
    parts.load_plan = [](const source_row&) -> caf::expected<source_plan_pointer> {
      auto plan = std::make_shared<source_plan>(*item_plan());
      plan->streams[0].paginator.strategy = no_paging{};
      return source_plan_pointer{std::move(plan)};
    };
    parts.open_secrets = parts.seal_secrets = [](std::string_view text) -> caf::expected<std::string> {
      return std::string{text};
    };
    parts.now = [] { return instant{std::chrono::hours{500'000}}; };
    parts.tick = [this] { return ++clock; };
    keeper = spawn<run_keeper>(std::move(parts));
    auto source = catalog->put_source("items-api", "manifest", "v1");
    connection_row wanted;
    wanted.name = "main";
    wanted.source = source->id;
    wanted.schedule = R"({"every":"15m"})";
    wanted.configuration = "{}";
    wanted.streams = {{{}, "items", 0}};
    connection = *catalog->put_connection(catalog->create_tenant("acme")->id, wanted);
    context = *ask<connection_pointer>(keeper, load_connection{connection.id});
    services->timers = spawn<timers>();
    services->keeper = keeper;
    page_writer_report report;
    report.committed = [this](const page_counters& counters) { deleted += counters.deleted; };
    services->writers = {spawn<page_writer>(database.make_page_store(self, 0), &health, page_writer_settings{}, report)};
    services->codec = &codec;
    services->health = &health;
    services->now = [] { return instant{std::chrono::hours{500'000}}; };
    services->report.happened = note_into(told);
  }

  stream_id items() const { return connection.streams[0].id; }

  /// A page beside all runs, as of an event.
  void insert(const std::string& key, int64_t counter) {
    page_commit page;
    page.tenant = connection.tenant;
    page.connection = connection.id;
    page.stream = items();
    page.shard = connection.shard;
    page.epoch = context->claim.epoch;
    page.changes = {{change_kind::inserted, key, "{}", {1, 2}, {7, context->claim.epoch.value, counter}}};
    ASSERT_EQ(pages->commit({&page, 1})[0].status, commit_status::committed);
  }

  void insert_many(int count) {
    for (int i = 0; i < count; ++i)
      insert("k" + std::to_string(i), ++clock);
  }

  continuation_row sweep_row() {
    auto rows = *runs->load_continuations(pass, {}, 10);
    for (const auto& row : rows)
      if (row.is_sweep)
        return row;
    ADD_FAILURE() << "the run has no sweep";
    return {};
  }

  /// Reads the stream whole: what it sees are the keys, of numbers in [from, to), and `more` as they are.
  void read(int from, int to, const std::vector<uint64_t>& more = {}) {
    pass = ask<run_started>(keeper, start_run{context, run_kind::full, {}})->run;
    auto row = runs->load_continuations(pass, {}, 10)->at(0);
    EXPECT_EQ(row.pass, pass);
    page_commit page;
    page.tenant = connection.tenant;
    page.connection = connection.id;
    page.stream = items();
    page.shard = connection.shard;
    page.epoch = context->claim.epoch;
    page.move = {row.id, pass, row.version, continuation_phase::closed, {}, {}};
    page.pass = pass;
    for (int i = from; i < to; ++i)
      page.marks.push_back(print_of("k" + std::to_string(i), {}, 0).key);
    page.marks.insert(page.marks.end(), more.begin(), more.end());
    page.counters.records = to - from;
    ASSERT_EQ(pages->commit({&page, 1})[0].status, commit_status::committed);
  }

  void sweep(continuation_row row) {
    spawn<sweeper>(miner_job{services, context, std::move(row), 0, supervisor, {}, {}});
    run();
  }
  void sweep() { sweep(sweep_row()); }

  size_t live() { return catalog->read_records(items(), "", 100'000, false)->size(); }
  run_summary summary() { return *runs->load_run(pass); }
};

} // namespace

TEST_F(sweeper_test, what_a_full_pass_did_not_see_is_deleted_and_its_run_ends) {
  insert_many(10);
  read(0, 9);
  sweep();
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::closed);
  EXPECT_TRUE(endings[0].run_ended);
  EXPECT_EQ(live(), 9u);
  EXPECT_EQ(deleted, 1);
  EXPECT_EQ(summary().counters.deleted, 1);
  EXPECT_EQ(summary().counters.pages, 0);
  auto entry = catalog->read_feed(connection.shard, 0, 100)->back();
  EXPECT_EQ(entry.kind, change_kind::deleted);
  EXPECT_EQ(entry.key, "k9");
  EXPECT_EQ(entry.order.field, 7) << "the source's own order holds for what follows";
}

TEST_F(sweeper_test, many_are_deleted_in_commits_of_at_most_a_thousand) {
  insert_many(14'000);
  read(2'500, 14'000);
  auto before = database.commits();
  sweep();
  EXPECT_EQ(live(), 11'500u);
  EXPECT_EQ(database.commits() - before, 4) << "weighed, twice a thousand, and the rest";
}

TEST_F(sweeper_test, more_than_the_brake_lets_pass_is_asked_for_and_deleted_when_a_person_has_said_so) {
  insert_many(10);
  read(0, 7);
  sweep();
  EXPECT_EQ(live(), 10u);
  ASSERT_EQ(endings.size(), 1u);
  EXPECT_EQ(endings[0].phase, continuation_phase::failed);
  EXPECT_EQ(summary().phase, run_phase::incomplete);
  EXPECT_EQ(summary().reason,
            "acme/main/items: nothing was deleted: 3 of 10 records were not in the full pass, more than 20 % "
            "(mining.delete_brake_percent); if they are really gone: lode connection confirm-deletes acme main items, then "
            "lode run trigger acme main --kind full");
  EXPECT_EQ(events_of(told, run_event::not_swept).size(), 1u);
  ASSERT_FALSE(runs->confirm_deletes(connection.id, {"items"}));
  read(0, 7);
  sweep();
  EXPECT_EQ(live(), 7u);
}

TEST_F(sweeper_test, an_api_that_shows_nothing_any_more_deletes_nothing) {
  insert_many(5);
  read(0, 0);
  sweep();
  EXPECT_EQ(live(), 5u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::failed);
}

TEST_F(sweeper_test, what_arrived_while_the_pass_went_on_stays) {
  insert_many(10);
  read(0, 9);
  insert("live", ++clock);
  insert("k9", ++clock);
  sweep();
  EXPECT_EQ(live(), 11u);
}

TEST_F(sweeper_test, a_record_whose_key_could_not_be_read_keeps_all) {
  insert_many(10);
  read(0, 9, {unreadable_mark});
  sweep();
  EXPECT_EQ(live(), 10u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
  EXPECT_EQ(events_of(told, run_event::not_swept).size(), 1u);
}

TEST_F(sweeper_test, a_commit_that_is_refused_is_made_again_from_the_store) {
  insert_many(10);
  read(0, 9);
  auto before = sweep_row();
  ASSERT_TRUE(runs->resume_continuation(before.id)); // another generation of it
  sweep(before);
  EXPECT_EQ(live(), 9u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
}

TEST_F(sweeper_test, a_sweep_that_was_killed_goes_on_behind_its_last_commit) {
  insert_many(14'000);
  read(2'500, 14'000);
  auto row = sweep_row();
  wire::continuation_state state;
  state.set_is_weighed(true);
  state.set_sweep_after("k1499"); // keys are in the order of their text
  page_commit page;
  page.tenant = connection.tenant;
  page.connection = connection.id;
  page.stream = items();
  page.shard = connection.shard;
  page.epoch = context->claim.epoch;
  page.move = {row.id, pass, row.version, continuation_phase::open, state.SerializeAsString(), {}};
  ASSERT_EQ(pages->commit({&page, 1})[0].status, commit_status::committed);
  auto before = database.commits();
  sweep();
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
  std::set<std::string> behind;
  for (int i = 0; i < 2'500; ++i)
    if (auto key = "k" + std::to_string(i); key > "k1499")
      behind.insert(key);
  EXPECT_EQ(live(), 14'000u - behind.size());
  EXPECT_EQ(database.commits() - before, 1 + static_cast<int64_t>(behind.size()) / 1'000) << "it is not weighed again";
}

TEST_F(sweeper_test, a_store_that_does_not_answer_is_waited_for) {
  insert_many(10);
  read(0, 9);
  auto row = sweep_row();
  database.inject(memory_fault::unavailable, 3);
  sweep(row);
  EXPECT_TRUE(endings.empty());
  advance(10s);
  EXPECT_EQ(live(), 9u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
}

TEST_F(sweeper_test, a_connection_that_was_changed_meanwhile_ends_the_pass) {
  insert_many(10);
  read(0, 9);
  ASSERT_TRUE(catalog->put_source("items-api", "another", "v2"));
  sweep();
  EXPECT_EQ(live(), 10u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
  EXPECT_EQ(summary().phase, run_phase::finished);
}

TEST_F(sweeper_test, marks_that_are_missing_keep_all) {
  insert_many(10);
  read(0, 9);
  auto row = sweep_row();
  database.inject(memory_fault::lost_marks, 1);
  sweep(row);
  EXPECT_EQ(live(), 10u);
  EXPECT_EQ(endings.at(0).phase, continuation_phase::closed);
  EXPECT_EQ(events_of(told, run_event::not_swept).size(), 1u);
}
