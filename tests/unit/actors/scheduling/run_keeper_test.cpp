#include "actors/scheduling/run_keeper.hpp"

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using lode::test::claim_everything;

namespace {

/// accounts (by date) -> posts -> comments, and hobbies by themselves. `is_dependent`: a change of a child changes its parent.
source_plan_pointer family_plan(bool is_dependent = false) {
  auto family = std::make_shared<source_plan>(*item_plan());
  auto single = family->streams[0];
  family->streams.assign(4, single);
  const char* names[] = {"accounts", "posts", "comments", "hobbies"};
  for (size_t i = 0; i < 4; ++i)
    family->streams[i].name = names[i];
  for (size_t child : {size_t{1}, size_t{2}}) {
    substream_parent parent;
    parent.stream = child - 1;
    parent.parent_key = *program::parse("id");
    parent.partition_field = "parent";
    parent.incremental_dependency = is_dependent;
    family->streams[child].routers = {substream_router{{parent}}};
    family->streams[child - 1].is_parent = true;
  }
  incremental_plan dates;
  dates.cursor_field = *program::parse("updated");
  dates.datetime_format = "%Y-%m-%dT%H:%M:%SZ";
  dates.start.datetime = *program::parse("2025-11-24T16:00:00Z"); // 490,000 hours
  family->streams[0].incremental = dates;
  return family;
}

/// The keeper over a store in memory with one tenant and one connection.
struct run_keeper_test : actor_test {
  static constexpr incarnation self{77};
  memory_database database;
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<run_store> runs = database.make_run_store(self);
  instant now{std::chrono::hours{500'000}};
  std::optional<backfill_order> ordered; ///< what a backfill is to read
  int plans_loaded = 0;
  source_plan_pointer plan = item_plan();
  connection_row connection;
  std::vector<noted_event> told;
  run_keeper_actor keeper;

  void SetUp() override {
    run_keeper_parts parts;
    auto claims = claim_everything(*database.make_membership_store(self), "n1", self);
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
    parts.report = note_into(told);
    parts.gaps = database.make_live_store(self);
    parts.can_listen = [](const std::string&) { return true; };
    parts.load_backfill = [this](connection_id) { return caf::expected<std::optional<backfill_order>>{ordered}; };
    keeper = spawn<run_keeper>(std::move(parts));
    connect(R"({"every":"15m"})");
  }

  void connect(const std::string& schedule, const std::string& owner = "acme", const std::string& stream = "items") {
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
    wanted.streams = {{{}, stream, 0}};
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

  void move_cursor(stream_id stream, instant known_up_to) {
    auto cursors = *runs->load_cursors(connection.id);
    auto found = std::find_if(cursors.begin(), cursors.end(), [&](const auto& each) { return each.stream == stream; });
    auto version = found == cursors.end() ? 0 : found->version;
    EXPECT_TRUE(database.make_admin_store()->edit_state({connection.id, {{stream, "", known_up_to, version}}, {}}));
  }

  /// Of a stream that has none.
  void set_first_cursor(stream_id stream, instant known_up_to) {
    EXPECT_TRUE(database.make_admin_store()->edit_state({connection.id, {{stream, "", known_up_to, 0}}, {}}));
  }

  /// Ends the run as its last page would: `changed` of `records` are new.
  void finish(run_id run, int64_t records = 0, int64_t changed = 0,
              continuation_phase phase = continuation_phase::closed) {
    auto pages = database.make_page_store(self, 0);
    auto open = runs->load_continuations(run, {}, 10);
    ASSERT_TRUE(open);
    for (const auto& row : *open) {
      page_commit last;
      last.tenant = connection.tenant;
      last.connection = connection.id;
      last.stream = row.stream;
      last.shard = connection.shard;
      last.epoch = load()->claim.epoch;
      last.partition = row.partition;
      last.move = {row.id, run, row.version, phase, "", ""};
      last.completed = row.slice;
      last.completes_slice = !row.slice.is_whole();
      last.counters.records = records;
      last.counters.inserted = changed;
      EXPECT_EQ(pages->commit({&last, 1})[0].status, commit_status::committed);
    }
  }

  void read_newest_first() {
    auto ordered = std::make_shared<source_plan>(*plan);
    for (auto& stream : ordered->streams)
      stream.lode.is_newest_first = true;
    plan = ordered;
  }

  /// A run of this kind that read all and leaves an anchor at this position, as it would be now.
  void leave_anchor(int64_t position, run_kind kind = run_kind::manual) {
    auto run = *start(now, kind);
    auto row = runs->load_continuations(run.run, {}, 10)->at(0);
    page_commit last;
    last.tenant = connection.tenant;
    last.connection = connection.id;
    last.stream = row.stream;
    last.shard = connection.shard;
    last.epoch = load()->claim.epoch;
    last.move = {row.id, run.run, row.version, continuation_phase::closed, "", ""};
    last.anchor = slice_anchor{position, now, load()->edition, load()->source_version};
    EXPECT_EQ(database.make_page_store(self, 0)->commit({&last, 1})[0].status, commit_status::committed);
  }

  /// The descent that a run of this kind begins with; it is cancelled again.
  std::optional<wire::descent> descent_of(run_kind kind) {
    auto run = *start(now, kind);
    auto state = *codec.decode(runs->load_continuations(run.run, {}, 10)->at(0).state);
    EXPECT_FALSE(runs->cancel_run(run.run, ""));
    EXPECT_EQ(state.has_newest_first(), state.manifest_version() == std::to_string(plan->hash));
    return state.has_newest_first() ? std::optional{state.newest_first()} : std::nullopt;
  }

  void feed_back(run_id run, std::optional<double> quota_left = {}) {
    caf::anon_send(keeper, adjust_pace{load(), run, quota_left});
    this->run();
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
  EXPECT_EQ(loaded->store_generation, *catalog->store_generation()) << "trace ids depend on it";
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
  set_first_cursor(stream, instant{std::chrono::sys_days{std::chrono::year{2019} / 5 / 1}});
  ASSERT_TRUE(start(now, run_kind::backfill));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, std::chrono::sys_days{std::chrono::year{2019} / 5 / 1})
    << "a backfill moves no cursor";
  ASSERT_TRUE(start(now));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, std::chrono::sys_days{std::chrono::year{2024} / 1 / 1});
}

TEST_F(run_keeper_test, a_cursor_beyond_the_start_of_its_source_stays_where_it_is) {
  read_by_date();
  auto known = instant{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1}};
  set_first_cursor(connection.streams.at(0).id, known);
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

TEST_F(run_keeper_test, what_was_loaded_before_a_change_may_not_be_mined_with_afterwards) {
  auto before = load();
  auto started = start(now);
  ASSERT_TRUE(started);
  auto rows = ask<continuations_loaded>(keeper, load_continuations{started->run, {}, 10, before});
  ASSERT_EQ(rows->rows.size(), 1u);
  auto id = rows->rows[0].id;
  ASSERT_TRUE(ask<continuation_row>(keeper, resume_continuation{id, before}));
  ASSERT_TRUE(catalog->set_connection_secrets(connection.id, R"({"token":"new"})") == caf::none);
  auto loaded = ask<continuations_loaded>(keeper, load_continuations{started->run, {}, 10, before});
  auto resumed = ask<continuation_row>(keeper, resume_continuation{id, before});
  ASSERT_FALSE(loaded || resumed);
  EXPECT_EQ(loaded.error(), errc::stale_version);
  EXPECT_EQ(resumed.error(), errc::stale_version);
  EXPECT_TRUE(ask<continuation_row>(keeper, resume_continuation{id, load()}));
  auto late = ask<run_started>(keeper, start_run{before, run_kind::manual, now});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), errc::stale_version);
}

TEST_F(run_keeper_test, a_renewed_token_changes_nothing_for_those_who_mine) {
  auto before = load();
  auto started = start(now);
  refresh_token token{connection.id, before->claim, catalog->load_connection(connection.id)->sealed_secrets, "hash"};
  ASSERT_TRUE(runs->begin_refresh(token));
  ASSERT_TRUE(runs->store_successor(token, "renewed") == caf::none);
  EXPECT_TRUE(ask<continuations_loaded>(keeper, load_continuations{started->run, {}, 10, before}));
}

TEST_F(run_keeper_test, a_connection_of_a_paused_tenant_cannot_be_loaded) {
  ASSERT_TRUE(catalog->set_tenant_state(connection.tenant, activity::paused, "holiday") == caf::none);
  auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), errc::conflict);
}

TEST_F(run_keeper_test, a_chosen_child_is_mined_with_all_the_parents_that_it_needs) {
  plan = family_plan();
  connect(R"({"every":"15m"})", "acme", "comments");
  auto loaded = load();
  EXPECT_TRUE(loaded->streams[0] && loaded->streams[1] && loaded->streams[2]);
  EXPECT_FALSE(loaded->streams[3]) << "nobody needs it";
  EXPECT_EQ(loaded->parents_only, (std::set<size_t>{0, 1}));
  auto started = start(now);
  ASSERT_TRUE(started) << to_string(started.error());
  auto rows = *runs->load_continuations(started->run, {}, 10);
  ASSERT_EQ(rows.size(), 1u) << "the run begins where the family does";
  EXPECT_EQ(rows[0].stream, loaded->streams[0]);
  EXPECT_EQ(catalog->load_connection(connection.id)->streams.size(), 1u) << "chosen is what was chosen";
}

TEST_F(run_keeper_test, a_parent_that_is_chosen_too_is_kept) {
  plan = family_plan();
  connect(R"({"every":"15m"})", "acme", "comments");
  auto unchosen = load();
  connect(R"({"every":"15m"})", "acme", "posts");
  auto loaded = load();
  EXPECT_EQ(loaded->streams[1], unchosen->streams[1]) << "it is the same stream";
  EXPECT_EQ(loaded->parents_only, std::set<size_t>{0});
}

TEST_F(run_keeper_test, a_parent_that_is_not_kept_is_read_whole_each_time) {
  plan = family_plan();
  connect(R"({"every":"15m"})", "acme", "comments");
  auto first = start(now);
  auto stream = load()->streams[0];
  ASSERT_TRUE(runs->cancel_run(first->run, "") == caf::none);
  move_cursor(stream, now);
  auto second = start(now);
  ASSERT_TRUE(second);
  auto rows = *runs->load_continuations(second->run, {}, 10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].slice.from, instant{std::chrono::hours{490'000}}) << "from the start that the source names";
}

TEST_F(run_keeper_test, a_store_that_is_away_says_so) {
  database.inject(memory_fault::unavailable, 100);
  auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), errc::store_unavailable);
}

// -- what people are told ----------------------------------------------------------------------------------------------------

TEST_F(run_keeper_test, a_suspension_is_told_with_all_names_when_the_store_has_it) {
  suspend_connection order{connection.id, "dead token", run_id{7}, "items"};
  load();
  database.inject(memory_fault::unavailable);
  caf::anon_send(keeper, order);
  run();
  EXPECT_TRUE(told.empty()) << "the store was away";
  caf::anon_send(keeper, order);
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].event, run_event::suspended);
  EXPECT_EQ(told[0].detail, "dead token");
  const auto& subject = told[0].subject;
  EXPECT_EQ(subject.tenant + "/" + subject.connection + "/" + subject.stream, "acme/main/items");
  EXPECT_EQ(subject.run, run_id{7});
  EXPECT_EQ(subject.store_generation, *catalog->store_generation());
  EXPECT_EQ(catalog->load_connection(connection.id)->state, activity::suspended);
}

TEST_F(run_keeper_test, a_connection_that_several_pages_suspend_is_told_and_counted_once) {
  for (auto reason : {"dead token", "dead token, says another page"})
    caf::anon_send(keeper, suspend_connection{connection.id, reason});
  run();
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(run_keeper_test, a_cancelled_run_is_told_with_its_names_also_when_it_is_mined_nowhere) {
  auto started = start(now);
  ASSERT_TRUE(started);
  ASSERT_FALSE(catalog->set_connection_state(connection.id, activity::paused, "lunch"));
  caf::anon_send(keeper, cancel_run{connection.id, started->run, "wrong window"});
  run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].event, run_event::cancelled);
  EXPECT_EQ(told[0].detail, "wrong window");
  EXPECT_EQ(told[0].subject.tenant, "acme");
  EXPECT_EQ(told[0].subject.connection, "main");
  EXPECT_EQ(told[0].subject.run, started->run);
}

// -- overlap ------------------------------------------------------------------------------------------------------------------

TEST_F(run_keeper_test, a_run_that_comes_due_while_one_is_open_follows_it_once_where_the_schedule_queues) {
  connect(R"({"every":"15m","overlap":"queue"})");
  auto first = start(now);
  ASSERT_TRUE(first);
  for (int times = 0; times < 3; ++times) {
    ASSERT_FALSE(runs->set_due(connection.id, now, run_kind::scheduled));
    EXPECT_EQ(start(now).error(), errc::conflict);
    EXPECT_TRUE(due_until(now).empty()) << "it is not asked for again and again";
  }
  finish(first->run);
  ASSERT_EQ(due_until(now).size(), 1u);
  auto second = start(now);
  ASSERT_TRUE(second);
  finish(second->run);
  EXPECT_TRUE(due_until(now).empty()) << "three due times are one run";
}

TEST_F(run_keeper_test, a_run_that_comes_due_while_one_is_open_is_left_out_where_the_schedule_skips) {
  connect(R"({"every":"15m","overlap":"skip"})");
  auto first = start(now);
  ASSERT_FALSE(runs->set_due(connection.id, now, run_kind::scheduled));
  EXPECT_EQ(start(now).error(), errc::conflict);
  finish(first->run);
  EXPECT_TRUE(due_until(now).empty());
  EXPECT_EQ(due_until(now + std::chrono::minutes{15}).size(), 1u);
}

// -- feedback -----------------------------------------------------------------------------------------------------------------

TEST_F(run_keeper_test, much_change_brings_the_next_run_forward_and_the_one_after_it) {
  using namespace std::chrono_literals;
  connect(R"({"every":"16m","feedback":{"min":"4m","max":"64m"}})");
  auto first = start(now);
  finish(first->run, 100, 60);
  EXPECT_TRUE(due_until(now + 15min).empty());
  feed_back(first->run);
  ASSERT_EQ(due_until(now + 8min).size(), 1u);
  EXPECT_EQ(due_until(now + 8min)[0].due, now + 8min);
  now += 8min;
  auto second = start(now);
  EXPECT_EQ(due_until(now + 8min).at(0).due, now + 8min) << "the interval is kept";
  finish(second->run, 100, 100);
  feed_back(second->run);
  EXPECT_EQ(due_until(now + 4min).at(0).due, now + 4min);
  now += 4min;
  auto third = start(now);
  finish(third->run, 100, 100);
  feed_back(third->run);
  EXPECT_EQ(due_until(now + 4min).at(0).due, now + 4min) << "never below the owner's bound";
}

TEST_F(run_keeper_test, quiet_runs_move_the_next_one_away_up_to_the_owners_bound) {
  using namespace std::chrono_literals;
  connect(R"({"every":"30m","feedback":{"min":"30m","max":"40m"}})");
  for (auto wanted : {40min, 40min}) {
    auto run = start(now);
    ASSERT_TRUE(run);
    finish(run->run, 1000, 1);
    feed_back(run->run);
    EXPECT_TRUE(due_until(now + wanted - 1s).empty());
    ASSERT_EQ(due_until(now + wanted).size(), 1u);
    now += wanted;
  }
}

TEST_F(run_keeper_test, a_gap_that_is_owed_is_read_sooner_and_a_scarce_quota_is_spared) {
  using namespace std::chrono_literals;
  connect(R"({"every":"16m","feedback":{"min":"4m","max":"64m"}})");
  auto gap = start(now);
  finish(gap->run, 100, 5, continuation_phase::failed);
  feed_back(gap->run);
  EXPECT_EQ(due_until(now + 8min).size(), 1u);
  now += 8min;
  auto scarce = start(now);
  finish(scarce->run, 100, 100);
  feed_back(scarce->run, 0.05);
  EXPECT_TRUE(due_until(now + 15min).empty());
  EXPECT_EQ(due_until(now + 16min).size(), 1u);
}

TEST_F(run_keeper_test, without_the_owners_bounds_feedback_moves_nothing) {
  using namespace std::chrono_literals;
  auto run = start(now);
  finish(run->run, 100, 100);
  feed_back(run->run);
  EXPECT_TRUE(due_until(now + 15min - 1s).empty());
  EXPECT_EQ(due_until(now + 15min).size(), 1u);
  EXPECT_EQ(*runs->load_pace(connection.id), std::nullopt);
}

TEST_F(run_keeper_test, an_interval_that_the_owner_changes_is_where_feedback_begins_again) {
  using namespace std::chrono_literals;
  connect(R"({"every":"16m","feedback":{"min":"4m","max":"64m"}})");
  auto first = start(now);
  finish(first->run, 100, 60);
  feed_back(first->run);
  connect(R"({"every":"20m","feedback":{"min":"4m","max":"64m"}})");
  now += 8min;
  ASSERT_TRUE(start(now));
  EXPECT_EQ(due_until(now + 20min).at(0).due, now + 20min);
}

// -- parents ------------------------------------------------------------------------------------------------------------------

struct parents_keeper_test : run_keeper_test {
  void choose(const std::vector<std::string>& names) {
    connection.streams.clear();
    for (const auto& name : names)
      connection.streams.push_back({{}, name, 0});
    connection = *catalog->put_connection(connection.tenant, connection);
  }

  /// Begins the next run and says whether it reads all accounts, or those that its cursor has not passed.
  bool reads_all_accounts() {
    now += std::chrono::hours{1};
    auto started = start(now);
    EXPECT_TRUE(started) << to_string(started.error());
    current = started->run;
    auto rows = *runs->load_continuations(current, {}, 10);
    EXPECT_EQ(rows.size(), 1u) << "posts are known by their accounts only";
    return rows.at(0).slice.from == instant{std::chrono::hours{490'000}};
  }

  run_id current;
};

TEST_F(parents_keeper_test, accounts_are_read_whole_each_time_because_a_post_may_be_new_below_an_unchanged_one) {
  plan = family_plan();
  choose({"accounts", "posts"});
  for (int times = 0; times < 3; ++times) {
    EXPECT_TRUE(reads_all_accounts());
    finish(current);
  }
}

TEST_F(parents_keeper_test, accounts_that_change_with_their_posts_are_read_from_the_cursor) {
  plan = family_plan(true);
  choose({"accounts", "posts"});
  EXPECT_TRUE(reads_all_accounts());
  finish(current);
  EXPECT_FALSE(reads_all_accounts());
  finish(current);
  EXPECT_FALSE(reads_all_accounts());
}

TEST_F(parents_keeper_test, accounts_are_read_whole_again_after_a_run_that_left_something_below_them_unread) {
  plan = family_plan(true);
  choose({"accounts", "posts"});
  reads_all_accounts(), finish(current);
  reads_all_accounts(), finish(current, 0, 0, continuation_phase::failed);
  EXPECT_TRUE(reads_all_accounts());
  finish(current);
  EXPECT_FALSE(reads_all_accounts());
}

TEST_F(parents_keeper_test, posts_that_are_chosen_later_are_read_of_all_accounts_first) {
  plan = family_plan(true);
  choose({"accounts"});
  reads_all_accounts(), finish(current);
  EXPECT_FALSE(reads_all_accounts()) << "nobody needs them";
  finish(current);
  choose({"accounts", "posts"});
  EXPECT_TRUE(reads_all_accounts());
  finish(current);
  EXPECT_FALSE(reads_all_accounts());
  finish(current);
  choose({"accounts"}), choose({"accounts", "posts"});
  EXPECT_TRUE(reads_all_accounts()) << "what changed meanwhile is not known";
}

// -- full passes --------------------------------------------------------------------------------------------------------------

namespace {

/// `items` read by time, a day at least; from the beginning again after two days.
source_plan_pointer incremental_plan_with(std::optional<std::chrono::milliseconds> full_pass_every) {
  auto plan = std::make_shared<source_plan>(*item_plan());
  auto& stream = plan->streams[0];
  stream.incremental.emplace();
  stream.incremental->cursor_field = *program::parse("at");
  stream.incremental->datetime_format = "%Y-%m-%d";
  stream.incremental->start.datetime = *program::parse("2020-01-01");
  stream.lode.full_pass_every = full_pass_every;
  return plan;
}

} // namespace

struct full_pass_keeper_test : run_keeper_test {
  full_pass_keeper_test() { plan = incremental_plan_with(std::chrono::hours{48}); }

  /// Begins a run and says how much of the past its only slice covers.
  std::chrono::microseconds begin(run_kind kind = run_kind::manual) {
    auto started = ask<run_started>(keeper, start_run{load(), kind, now});
    EXPECT_TRUE(started) << to_string(started.error());
    current = started->run;
    auto rows = runs->load_continuations(current, {}, 10);
    EXPECT_EQ(rows->size(), 1u);
    return now - rows->at(0).slice.from;
  }

  run_id current;
};

TEST_F(full_pass_keeper_test, a_stream_is_read_from_the_beginning_again_when_its_last_full_pass_is_too_old) {
  using namespace std::chrono_literals;
  EXPECT_GT(begin(), 24h * 365) << "the first run has no cursor";
  finish(current);
  now += 24h;
  EXPECT_LT(begin(), 25h);
  finish(current);
  now += 24h;
  EXPECT_GT(begin(), 24h * 365) << "48 hours after the last one began";
  finish(current);
  now += 24h;
  EXPECT_LT(begin(), 25h);
}

TEST_F(full_pass_keeper_test, a_full_pass_that_failed_is_made_again_by_the_next_run) {
  using namespace std::chrono_literals;
  begin(), finish(current);
  now += 48h;
  begin(), finish(current, 0, 0, continuation_phase::failed);
  now += 1h;
  EXPECT_GT(begin(), 24h * 365);
}

TEST_F(full_pass_keeper_test, a_full_run_reads_from_the_beginning_and_counts_as_a_pass) {
  using namespace std::chrono_literals;
  begin(), finish(current);
  now += 24h;
  EXPECT_GT(begin(run_kind::full), 24h * 365);
  finish(current);
  now += 47h;
  EXPECT_LT(begin(), 48h) << "the full run was the last pass";
}

TEST_F(full_pass_keeper_test, a_backfill_is_no_time_for_a_full_pass) {
  using namespace std::chrono_literals;
  begin(), finish(current);
  now += 72h;
  EXPECT_LT(begin(run_kind::backfill), 73h);
}

TEST_F(run_keeper_test, a_backfill_of_a_span_reads_that_span_and_no_more_whatever_the_cursor_says) {
  read_by_date();
  auto at = [](int day) { return instant{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} + std::chrono::days{day}}; };
  set_first_cursor(connection.streams[0].id, at(100));
  ordered = backfill_order{{at(10), at(20)}};
  auto rows = *runs->load_continuations(start(now, run_kind::backfill)->run, {}, 10);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].slice, (slice_bounds{at(10), at(20)}));
  EXPECT_EQ(runs->load_cursors(connection.id)->at(0).known_up_to, at(100));
  finish(rows[0].run);
  ordered = backfill_order{{at(-50), at(5)}}; // from the source's start
  rows = *runs->load_continuations(start(now, run_kind::backfill)->run, {}, 10);
  EXPECT_EQ(rows.at(0).slice, (slice_bounds{at(0), at(5)}));
  finish(rows[0].run);
  ordered = backfill_order{{at(10), at(20)}, {{4711}}}; // of another stream
  auto none = start(now, run_kind::backfill);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->opened, 0u);
  rows = *runs->load_continuations(start(now, run_kind::manual)->run, {}, 10);
  EXPECT_NE(rows.at(0).slice, (slice_bounds{at(10), at(20)})) << "runs of other kinds read what they read";
}

// -- newest-first streams ------------------------------------------------------------------------------------------------

TEST_F(run_keeper_test, a_run_over_a_newest_first_stream_may_end_at_the_anchor_of_the_last_complete_one) {
  read_newest_first();
  auto first = descent_of(run_kind::scheduled);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->has_end_below()) << "nothing is known yet";
  leave_anchor(5'000'000'000);
  for (auto kind : {run_kind::scheduled, run_kind::manual})
    EXPECT_EQ(descent_of(kind)->end_below(), 5'000'000'000 - 60'000'000) << "less the settle time";
}

TEST_F(run_keeper_test, a_full_run_reads_all_and_a_backfill_or_a_repair_says_nothing_about_where_others_may_end) {
  read_newest_first();
  leave_anchor(5'000'000'000);
  auto full = descent_of(run_kind::full);
  ASSERT_TRUE(full);
  EXPECT_FALSE(full->has_end_below());
  EXPECT_FALSE(descent_of(run_kind::backfill));
  EXPECT_FALSE(descent_of(run_kind::repair));
}

TEST_F(run_keeper_test, a_due_full_pass_does_not_end_early) {
  read_newest_first();
  auto whole = std::make_shared<source_plan>(*plan);
  whole->streams[0].lode.full_pass_every = std::chrono::hours{1};
  plan = whole;
  leave_anchor(5'000'000'000);
  EXPECT_TRUE(descent_of(run_kind::scheduled)->has_end_below());
  now += std::chrono::hours{1};
  EXPECT_FALSE(descent_of(run_kind::scheduled)->has_end_below());
}

TEST_F(run_keeper_test, an_anchor_of_another_edition_or_source_says_nothing) {
  read_newest_first();
  leave_anchor(5'000'000'000);
  ASSERT_TRUE(catalog->set_connection_secrets(connection.id, R"({"token":"new"})") == caf::none);
  EXPECT_FALSE(descent_of(run_kind::manual)->has_end_below());
  leave_anchor(6'000'000'000);
  EXPECT_TRUE(descent_of(run_kind::manual)->has_end_below());
  catalog->put_source("items-api", "another manifest", "v2");
  EXPECT_FALSE(descent_of(run_kind::manual)->has_end_below());
}

TEST_F(run_keeper_test, a_newest_first_parent_that_nobody_keeps_is_read_to_its_end) {
  plan = family_plan(true);
  auto ordered = std::make_shared<source_plan>(*plan);
  ordered->streams[0].incremental.reset();
  ordered->streams[0].lode.is_newest_first = true;
  plan = ordered;
  connect(R"({"every":"15m"})", "acme", "comments");
  EXPECT_FALSE(descent_of(run_kind::manual));
}

TEST_F(run_keeper_test, what_is_due_or_open_in_a_shard_that_leaves_is_not_loaded_and_takes_no_place) {
  for (int i = 0; i < 20; ++i) {
    connect(R"({"every":"15m"})", "tenant" + std::to_string(i));
    ASSERT_FALSE(runs->set_due(connection.id, now, run_kind::scheduled));
  }
  auto all = ask<due_loaded>(keeper, load_due{now, 100});
  ASSERT_TRUE(all);
  ASSERT_GE(all->connections.size(), 2u);
  auto last = all->connections.back();
  shards_leaving order;
  for (const auto& due : all->connections)
    if (due.shard != last.shard)
      order.shards.push_back(due.shard);
  caf::anon_send(keeper, order);
  auto left = ask<due_loaded>(keeper, load_due{now, 1});
  ASSERT_TRUE(left);
  ASSERT_EQ(left->connections.size(), 1u);
  EXPECT_EQ(left->connections[0].connection, last.connection);
}

TEST_F(run_keeper_test, a_connection_of_a_foreign_shard_is_not_loaded_until_the_shard_is_gained) {
  auto loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(ask<run_started>(keeper, start_run{*loaded, run_kind::manual, {}}));
  caf::anon_send(keeper, shards_leaving{{connection.shard}});
  EXPECT_EQ(ask<connection_pointer>(keeper, load_connection{connection.id}).error(), errc::not_owner);
  EXPECT_TRUE(ask<open_runs_loaded>(keeper, load_open_runs{})->runs.empty());
  EXPECT_EQ(ask<command_standing>(keeper, take_command{"c1", connection.tenant}).error(), errc::not_owner);
  auto claim = (*loaded)->claim;
  caf::anon_send(keeper, shards_gained{{{claim.shard, {claim.epoch.value + 1}}}});
  loaded = ask<connection_pointer>(keeper, load_connection{connection.id});
  ASSERT_TRUE(loaded);
  EXPECT_EQ((*loaded)->claim.epoch.value, claim.epoch.value + 1);
  EXPECT_EQ(ask<open_runs_loaded>(keeper, load_open_runs{{}, {}, {claim.shard}})->runs.size(), 1u);
  EXPECT_TRUE(ask<open_runs_loaded>(keeper, load_open_runs{{}, {}, {shard_id{claim.shard.value + 1}}})->runs.empty());
}

TEST_F(run_keeper_test, a_command_that_is_given_back_is_new_again) {
  const take_command take{"c1", connection.tenant};
  ASSERT_TRUE(ask<command_standing>(keeper, take)->is_new);
  EXPECT_FALSE(done(keeper, settle_command{"c1", connection.tenant, {}, {}, true}));
  EXPECT_TRUE(ask<command_standing>(keeper, take)->is_new);
}

TEST_F(run_keeper_test, what_was_taken_before_a_shard_left_is_settled_or_given_back_all_the_same) {
  auto claim = (*ask<connection_pointer>(keeper, load_connection{connection.id}))->claim;
  ASSERT_TRUE(ask<command_standing>(keeper, take_command{"done", connection.tenant})->is_new);
  ASSERT_TRUE(ask<command_standing>(keeper, take_command{"not done", connection.tenant})->is_new);
  caf::anon_send(keeper, shards_leaving{{connection.shard}});
  EXPECT_FALSE(done(keeper, settle_command{"done", connection.tenant, command_outcome::done, {}}));
  EXPECT_FALSE(done(keeper, settle_command{"not done", connection.tenant, {}, {}, true}));
  caf::anon_send(keeper, shards_gained{{{claim.shard, claim.epoch}}});
  EXPECT_TRUE(ask<command_standing>(keeper, take_command{"done", connection.tenant})->is_settled);
  EXPECT_TRUE(ask<command_standing>(keeper, take_command{"not done", connection.tenant})->is_new);
}

TEST_F(run_keeper_test, a_command_is_taken_once_and_answered_with_what_became_of_it) {
  const take_command take{"c1", connection.tenant};
  EXPECT_TRUE(ask<command_standing>(keeper, take)->is_new);
  auto again = ask<command_standing>(keeper, take);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new || again->is_settled);
  EXPECT_FALSE(done(keeper, settle_command{"c1", connection.tenant, command_outcome::refused, "it is paused"}));
  again = ask<command_standing>(keeper, take);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_settled);
  EXPECT_EQ(again->reason, "it is paused");
}

// -- what a repair does not see ----------------------------------------------------------------------------------------

TEST_F(run_keeper_test, a_repair_leaves_the_deletes_of_streams_that_hear_or_sweep_them_unverified) {
  using namespace std::chrono_literals;
  struct { bool tells, is_notice, is_swept, is_unverified; } cases[] = {
    {true, false, false, true}, {false, true, false, true}, {false, false, true, true}, {false, false, false, false}};
  int tenants = 0;
  for (const auto& each : cases) {
    auto heard = std::make_shared<source_plan>(*item_plan());
    stream_live live;
    live_rule rule;
    rule.payload = each.is_notice ? live_payload::notice : live_payload::full;
    if (each.tells)
      rule.delete_when = {{{"", {"operation"}}, {"delete"}}};
    live.rules = {rule};
    live.fetch = live_fetch{*program::parse("items/{{ key }}"), {}, {}};
    heard->streams[0].lode.live = std::make_shared<const stream_live>(live);
    if (each.is_swept)
      heard->streams[0].lode.full_pass_every = 24h;
    heard->live.push_back({});
    heard->live[0].listener = "puppet";
    heard->live[0].streams = {0};
    plan = heard;
    connect(R"({"every":"15m"})", "tenant" + std::to_string(++tenants));
    ASSERT_TRUE(catalog->put_source("items-api", "manifest", "w" + std::to_string(tenants))); // the plan is read anew
    auto store = database.make_live_store(self);
    auto loaded = load();
    live_subscription subscription{connection.id, loaded->claim, 1};
    ASSERT_TRUE(store->begin_listening({subscription, loaded->edition, now - 3h}));
    ASSERT_FALSE(store->end_listening(subscription, now - 2h, "reset"));
    ASSERT_TRUE(store->begin_listening({{connection.id, loaded->claim, 2}, loaded->edition, now - 1h}));
    auto started = start(now, run_kind::repair);
    ASSERT_TRUE(started) << to_string(started.error());
    auto gap = store->list_gaps(connection.id, 1)->at(0);
    EXPECT_EQ(gap.repair, started->run) << tenants;
    EXPECT_EQ(gap.unswept.size(), each.is_unverified ? 1u : 0u) << tenants;
  }
}
