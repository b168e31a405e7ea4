#include "tests/contract/storage/live_contract.hpp"

/// What becomes of gaps: a gap's repair is worth what its run read.
namespace lode::test {

using testing::ElementsAre;
using testing::IsEmpty;
using enum continuation_phase;

/// Listens since second 0; nothing was heard from 10 to 12.
class gap_repair_contract : public live_contract {
protected:
  gap_repair_contract() {
    listen();
    prove(*live_, 1, 10);
    add_gap(2, 10, 12);
  }

  void add_gap(int64_t id, int from, int until) {
    prove(*live_, id - 1, from);
    EXPECT_FALSE(live_->end_listening(subscription(id - 1), at_second(from), "reset"));
    begin(*live_, id, until);
  }

  /// Those that the test is about.
  std::vector<std::string> words() {
    auto out = live_contract::words();
    out.erase(out.begin());
    return out;
  }
};

TEST_P(gap_repair_contract, a_repair_takes_what_is_owed_when_it_starts_and_closes_it_with_its_last_commit) {
  add_gap(3, 20, 21);
  auto run = repair(10, 21);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing", "20-21 repairing"));
  EXPECT_EQ(gaps().back().repair, run.run);
  EXPECT_EQ(live_->count_live()->repairing, 2);
  EXPECT_EQ(live_->count_live()->oldest, at_second(10));
  auto first = page_of(connection_, run.run, run.opened.at(0), 0);
  first.opens = {{posts_, "p", {}, ""}};
  auto opened = commit({first}).at(0).opened;
  ASSERT_EQ(commit_one(page_of(connection_, run.run, run.opened.at(0), 1, closed)), commit_status::committed);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing", "20-21 repairing"));
  auto last = page_of(connection_, run.run, opened.at(0), 0, closed);
  ASSERT_TRUE(commit({last}).at(0).run_ended);
  EXPECT_THAT(words(), ElementsAre("10-12 closed", "20-21 closed"));
  EXPECT_FALSE(*live_->owed_repair_of(connection_.id));
  EXPECT_FALSE(live_->count_live()->oldest);
}

TEST_P(gap_repair_contract, a_repair_does_not_take_what_ended_after_it_was_planned) {
  ASSERT_FALSE(live_->end_listening(subscription(2), at_second(20), "reset"));
  auto planned = *live_->owed_repair_of(connection_.id);
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->gaps, 1);
  begin(*live_, 3, 21); // before the run starts
  auto run = start_run(run_kind::repair, planned->span);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing", "12-21 owed"));
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 closed", "12-21 owed"));
}

TEST_P(gap_repair_contract, a_gap_that_lasts_when_the_run_starts_is_not_repaired_by_it) {
  ASSERT_FALSE(live_->end_listening(subscription(2), at_second(20), "reset"));
  auto run = repair(0, 100);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing", "12- owed"));
  begin(*live_, 3, 21);
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 closed", "12-21 owed")) << "its requests were sent before the subscription was confirmed";
}

TEST_P(gap_repair_contract, a_repair_takes_nothing_that_it_does_not_read_wholly) {
  for (auto span : {slice_bounds{at_second(11), at_second(20)}, slice_bounds{at_second(0), at_second(11)}})
    ASSERT_FALSE(runs_->cancel_run(start_run(run_kind::repair, span).run, "next"));
  finish(start_run(run_kind::repair));
  finish(start_run(run_kind::backfill, slice_bounds{at_second(0), at_second(20)}));
  finish(start_run(run_kind::full, slice_bounds{at_second(0), at_second(20)}));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  EXPECT_EQ(gaps().back().failures, 0);
}

TEST_P(gap_repair_contract, a_repair_that_reads_nothing_repairs_nothing) {
  auto start = planned(run_kind::repair, slice_bounds{at_second(0), at_second(20)});
  start.first.clear();
  ASSERT_TRUE(runs_->start_run(start));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
}

TEST_P(gap_repair_contract, a_repair_that_is_cancelled_or_fails_gives_its_gaps_back) {
  ASSERT_FALSE(runs_->cancel_run(repair(0, 20).run, "by hand"));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  finish(repair(0, 20), failed);
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  EXPECT_FALSE(gaps().back().repair);
  EXPECT_EQ(gaps().back().failures, 2);
  add_gap(3, 20, 21);
  EXPECT_EQ((*live_->owed_repair_of(connection_.id))->failures, 2) << "flapping is no reason to hurry";
  finish(repair(0, 30));
  EXPECT_THAT(words(), ElementsAre("10-12 closed", "20-21 closed"));
}

TEST_P(gap_repair_contract, dead_records_that_stop_a_repair_give_its_gaps_back_also_after_it_ended) {
  auto stopped = repair(0, 20);
  ASSERT_FALSE(runs_->stop_stream(stopped.run, posts_, "too many dead records"));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  auto run = repair(0, 20);
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
  ASSERT_FALSE(runs_->stop_stream(run.run, posts_, "too many dead records"));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  EXPECT_EQ(live_->owed_repairs(at_second(30), 10)->size(), 1u);
}

TEST_P(gap_repair_contract, a_reset_in_the_middle_of_a_repair_gives_its_gaps_back) {
  repair(0, 20);
  ASSERT_TRUE(set_cursor(posts_, "", at_day(1)));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
}

TEST_P(gap_repair_contract, a_repair_planned_for_what_the_connection_was_takes_nothing) {
  auto start = planned(run_kind::repair, slice_bounds{at_second(0), at_second(20)});
  connection_.configuration = R"({"shop":"other"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  auto run = *runs_->start_run(start);
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
}

TEST_P(gap_repair_contract, a_source_that_changes_in_the_middle_of_a_repair_gives_its_gaps_back) {
  auto run = repair(0, 20);
  source_ = *catalog_->put_source("shop", "manifest", "v2");
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  finish(repair(0, 20));
  source_ = *catalog_->put_source("shop", "manifest", "v3");
  EXPECT_THAT(words(), ElementsAre("10-12 closed")) << "what was repaired stays so";
}

TEST_P(gap_repair_contract, a_repair_survives_the_life_that_began_it) {
  auto run = repair(0, 20);
  claim_again(second_life);
  live_ = backend_->make_live_store(second_life);
  pages_ = backend_->make_page_store(second_life, 0);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing"));
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
}

TEST_P(gap_repair_contract, a_zombie_starts_no_repair) {
  auto start = planned(run_kind::repair, slice_bounds{at_second(0), at_second(20)});
  auto zombies_runs = std::move(runs_);
  claim_again(second_life);
  for (int times = 0; times < 2; ++times)
    EXPECT_FALSE(zombies_runs->start_run(start));
  auto heir = backend_->make_live_store(second_life);
  EXPECT_EQ(word(heir->list_gaps(connection_.id, 1)->at(0)), "10-12 owed");
}

TEST_P(gap_repair_contract, repairs_are_owed_by_active_connections_of_this_life_without_an_open_one) {
  auto owed = *live_->owed_repairs(at_second(30), 10);
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(owed[0].connection, connection_.id);
  EXPECT_EQ(owed[0].tenant, connection_.tenant);
  EXPECT_EQ(owed[0].shard, connection_.shard);
  EXPECT_EQ(owed[0].span, (slice_bounds{at_second(10), at_second(12)}));
  EXPECT_THAT(*live_->owed_repairs(at_second(30), 0), IsEmpty());
  EXPECT_THAT(*backend_->make_live_store(second_life)->owed_repairs(at_second(30), 10), IsEmpty());
  auto other = start_run(run_kind::repair);
  EXPECT_THAT(*live_->owed_repairs(at_second(30), 10), IsEmpty()) << "one at a time";
  ASSERT_FALSE(runs_->cancel_run(other.run, ""));
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, ""));
  EXPECT_THAT(*live_->owed_repairs(at_second(30), 10), IsEmpty());
}

TEST_P(gap_repair_contract, closed_gaps_go_when_they_are_old_with_their_runs_and_others_never) {
  auto upkeep = backend_->make_upkeep_store();
  auto tidy = [&](int64_t keep) {
    retention old;
    old.runs = std::chrono::microseconds{keep};
    for (int steps = 0; steps < 100 && *upkeep->tidy_some(old, 1); ++steps) {
    }
  };
  auto closing = repair(0, 20);
  finish(closing);
  add_gap(3, 20, 21);
  auto open = repair(0, 30);
  tidy(3'600'000'000);
  EXPECT_THAT(words(), ElementsAre("10-12 closed", "20-21 repairing")) << "not old yet";
  ASSERT_FALSE(runs_->cancel_run(run_, ""));
  EXPECT_EQ(runs_->load_run(closing.run)->phase, run_phase::finished);
  tidy(1);
  EXPECT_THAT(live_contract::words(), ElementsAre("20-21 repairing"));
  EXPECT_EQ(code_of(runs_->load_run(closing.run).error()), errc::not_found);
  ASSERT_FALSE(runs_->cancel_run(open.run, ""));
  finish(start_run(run_kind::full));
  finish(start_run(run_kind::full));
  tidy(1);
  EXPECT_THAT(live_contract::words(), ElementsAre("20-21 owed"));
  EXPECT_EQ(code_of(runs_->load_run(open.run).error()), errc::not_found);
}

TEST_P(gap_repair_contract, erasing_a_tenant_takes_listeners_gaps_and_rechecks_with_it) {
  auto doubtful = page_of(connection_, run_, continuation_, 0);
  doubtful.rechecks = {{"a", std::chrono::seconds{0}, {0, 1, 1}}};
  ASSERT_EQ(commit_one(doubtful), commit_status::committed);
  repair(0, 20);
  const auto former = subscription(2);
  auto rows = backend_->row_counter(connection_.tenant);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_EQ(code_of(live_->end_listening(former, at_second(30), "late")), errc::not_found);
  EXPECT_EQ(code_of(live_->begin_listening({former, 0, at_second(30)}).error()), errc::not_found);
  doubtful.move = {};
  EXPECT_EQ(commit_one(doubtful), commit_status::refused_version);
  EXPECT_GT(rows(), 0);
  for (int steps = 0; steps < 100 && *catalog_->erase_some(connection_.tenant, 1) > 0; ++steps) {
  }
  EXPECT_EQ(rows(), 0);
}

// -- deletes ------------------------------------------------------------------------------------------------------------

/// Deletes of posts are heard; from 10 to 12 they were not.
class unverified_contract : public gap_repair_contract {
protected:
  started_run repair_hearing(int from, int until, std::vector<stream_id> streams) {
    auto start = planned(run_kind::repair, slice_bounds{at_second(from), at_second(until)});
    start.hears_deletes = std::move(streams);
    return *runs_->start_run(start);
  }

  /// A full pass of these streams, up to its sweeps.
  started_run pass(std::vector<stream_id> streams) {
    auto start = planned(run_kind::full);
    for (auto stream : streams)
      start.passes.push_back({stream, {posts_}, true, false, {}});
    start.stamp = {0, start.claim.epoch.value, 5};
    auto run = *runs_->start_run(start);
    EXPECT_EQ(commit_one(page_of(connection_, run.run, run.opened.at(0), 0, closed)), commit_status::committed);
    return run;
  }
  /// It has ended with this.
  void sweep(const started_run& run, stream_id stream, continuation_phase phase = closed, const std::string& reason = {}) {
    auto rows = *runs_->load_continuations(run.run, {}, 10);
    auto found = std::ranges::find_if(rows, [&](const auto& row) { return row.is_sweep && row.stream == stream; });
    ASSERT_NE(found, rows.end());
    auto page = page_of(connection_, run.run, found->id, found->version, phase);
    page.stream = stream;
    page.counters = {};
    page.move.reason = reason;
    EXPECT_EQ(commit_one(page), commit_status::committed);
  }
};

TEST_P(unverified_contract, what_was_deleted_in_a_repaired_gap_is_known_once_a_pass_that_began_since_has_swept) {
  finish(repair_hearing(10, 12, {posts_}));
  EXPECT_THAT(words(), ElementsAre("10-12 unverified"));
  EXPECT_THAT(gaps().back().unswept, ElementsAre(posts_));
  EXPECT_EQ(live_->count_live()->unverified, 1);
  EXPECT_EQ(backend_->make_admin_store()->count_live()->unverified, 1);
  EXPECT_EQ(live_->count_live()->owed, 0);
  EXPECT_FALSE(*live_->owed_repair_of(connection_.id)) << "nothing is missing";
  auto run = pass({posts_});
  EXPECT_THAT(words(), ElementsAre("10-12 unverified")) << "its sweep is still to come";
  sweep(run, posts_);
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
  EXPECT_EQ(live_->count_live()->unverified, 0);
}

TEST_P(unverified_contract, a_pass_that_had_begun_before_the_gap_was_over_verifies_nothing) {
  auto early = pass({posts_});
  finish(repair_hearing(10, 12, {posts_}));
  sweep(early, posts_);
  EXPECT_THAT(words(), ElementsAre("10-12 unverified"));
  sweep(pass({posts_}), posts_);
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
}

TEST_P(unverified_contract, a_pass_may_be_over_before_the_repair_is) {
  auto run = repair_hearing(10, 12, {posts_});
  sweep(pass({posts_}), posts_);
  EXPECT_THAT(words(), ElementsAre("10-12 repairing"));
  finish(run);
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
}

TEST_P(unverified_contract, a_sweep_that_looked_at_nothing_or_was_stopped_verifies_nothing) {
  finish(repair_hearing(10, 12, {posts_}));
  sweep(pass({posts_}), posts_, closed, "nothing was deleted: a slice was not read to its end");
  sweep(pass({posts_}), posts_, failed, "too much");
  EXPECT_THAT(words(), ElementsAre("10-12 unverified"));
}

TEST_P(unverified_contract, each_stream_of_which_deletes_are_heard_has_to_be_swept) {
  finish(repair_hearing(10, 12, {posts_, comments_}));
  sweep(pass({posts_}), posts_);
  EXPECT_THAT(words(), ElementsAre("10-12 unverified"));
  EXPECT_THAT(gaps().back().unswept, ElementsAre(comments_));
  auto without = connection_;
  without.streams = {{{}, "posts", 0}};
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, without));
  EXPECT_THAT(words(), ElementsAre("10-12 closed")) << "nobody wants to know of comments any more";
}

TEST_P(unverified_contract, where_no_deletes_are_heard_there_is_nothing_to_verify) {
  finish(repair_hearing(10, 12, {}));
  EXPECT_THAT(words(), ElementsAre("10-12 closed"));
}

TEST_P(unverified_contract, a_gap_that_comes_back_is_owed_and_not_unverified) {
  auto run = repair_hearing(10, 12, {posts_});
  ASSERT_FALSE(runs_->cancel_run(run.run, ""));
  EXPECT_THAT(words(), ElementsAre("10-12 owed"));
  EXPECT_THAT(gaps().back().unswept, IsEmpty());
  EXPECT_EQ(live_->count_live()->unverified, 0);
}

TEST_P(unverified_contract, it_shows_in_what_was_read_of_the_stream_and_not_among_open_gaps) {
  auto admin = backend_->make_admin_store();
  finish(repair_hearing(10, 12, {posts_}));
  auto reading = *admin->load_reading(connection_.id, posts_, 10);
  ASSERT_EQ(reading.gaps.size(), 1u);
  EXPECT_EQ(word(reading.gaps[0]), "10-12 unverified");
  EXPECT_THAT(admin->load_reading(connection_.id, comments_, 10)->gaps, IsEmpty());
  EXPECT_THAT(*admin->list_open_gaps(10), IsEmpty());
}

TEST_P(unverified_contract, old_ones_become_one_so_that_they_do_not_grow_for_ever) {
  add_gap(3, 20, 21);
  finish(repair_hearing(0, 15, {posts_}));
  finish(repair_hearing(15, 30, {posts_, comments_}));
  ASSERT_FALSE(runs_->cancel_run(run_, ""));
  auto upkeep = backend_->make_upkeep_store();
  retention old;
  old.runs = std::chrono::microseconds{1};
  for (int steps = 0; steps < 100 && *upkeep->tidy_some(old, 1); ++steps) {
  }
  EXPECT_THAT(live_contract::words(), ElementsAre("10-21 unverified"));
  EXPECT_THAT(gaps().back().unswept, testing::UnorderedElementsAre(posts_, comments_));
  sweep(pass({posts_}), posts_);
  sweep(pass({comments_}), comments_);
  EXPECT_THAT(live_contract::words(), ElementsAre("10-21 closed"));
}

INSTANTIATE_TEST_SUITE_P(memory, unverified_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, unverified_contract, testing::Values(postgres_backend()), [](const auto& info) { return info.param.name; });

TEST_P(gap_repair_contract, gaps_that_are_not_closed_show_in_what_was_read_of_each_stream) {
  auto admin = backend_->make_admin_store();
  for (auto stream : {posts_, comments_}) {
    auto reading = *admin->load_reading(connection_.id, stream, 10);
    ASSERT_EQ(reading.gaps.size(), 1u);
    EXPECT_EQ(word(reading.gaps[0]), "10-12 owed");
  }
  EXPECT_TRUE(admin->load_reading(connection_.id, posts_, 0)->is_cut);
  auto other = connect("globex");
  EXPECT_THAT(admin->load_reading(other.id, posts_, 10)->gaps, IsEmpty());
  EXPECT_THAT(admin->load_reading(other.id, other.streams[0].id, 10)->gaps, IsEmpty());
  finish(repair(0, 20));
  EXPECT_THAT(admin->load_reading(connection_.id, posts_, 10)->gaps, IsEmpty());
}

TEST_P(gap_repair_contract, gaps_that_are_not_closed_are_listed_with_their_names_and_counted) {
  auto admin = backend_->make_admin_store();
  add_gap(3, 20, 21);
  auto run = repair(0, 15);
  ASSERT_FALSE(live_->end_listening(subscription(3), at_second(30), "reset"));
  auto open = *admin->list_open_gaps(10);
  ASSERT_EQ(open.size(), 3u);
  EXPECT_EQ(open[0].tenant, "acme");
  EXPECT_EQ(open[0].connection, "shop");
  EXPECT_EQ(word(open[0].gap), "10-12 repairing");
  EXPECT_EQ(word(open[2].gap), "21- owed");
  EXPECT_EQ(admin->list_open_gaps(2)->size(), 2u);
  auto counts = *admin->count_live();
  EXPECT_EQ(counts.owed, 2);
  EXPECT_EQ(counts.repairing, 1);
  EXPECT_EQ(counts.silent, 1);
  finish(run);
  EXPECT_EQ(admin->list_open_gaps(10)->size(), 2u);
  EXPECT_EQ(admin->count_live()->oldest, at_second(20));
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_THAT(*admin->list_open_gaps(10), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(memory, gap_repair_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, gap_repair_contract, testing::Values(postgres_backend()), [](const auto& info) { return info.param.name; });

// -- what was before the first listener: its deletes ---------------------------------------------------------------------

TEST_P(live_contract, before_anything_was_read_nothing_can_have_been_deleted_unheard) {
  begin(*live_, 1, 5);
  auto start = planned(run_kind::repair, slice_bounds{{}, at_second(5)});
  start.hears_deletes = {posts_};
  finish(*runs_->start_run(start));
  EXPECT_THAT(words(), ElementsAre("start-5 closed"));
}

TEST_P(live_contract, what_was_read_before_anybody_listened_may_have_been_deleted_unheard) {
  auto read = page_of(connection_, run_, continuation_, 0, closed);
  read.counters.records = 1;
  ASSERT_EQ(commit_one(read), commit_status::committed);
  begin(*live_, 1, 5);
  auto start = planned(run_kind::repair, slice_bounds{{}, at_second(5)});
  start.hears_deletes = {posts_};
  finish(*runs_->start_run(start));
  ASSERT_EQ(words().size(), 1u);
  EXPECT_THAT(words()[0], testing::HasSubstr("unverified"));
}

// -- what was before the first listener --------------------------------------------------------------------------------

TEST_P(live_contract, what_was_before_the_first_listener_is_repaired_by_any_run_that_reads_everything_and_began_since) {
  begin(*live_, 1, 5);
  finish(start_run(run_kind::backfill, slice_bounds{{}, at_second(5)}));
  EXPECT_THAT(words(), ElementsAre("start-5 owed"));
  ASSERT_FALSE(runs_->cancel_run(start_run(run_kind::manual, slice_bounds{{}, at_second(4)}).run, ""));
  EXPECT_EQ(gaps().at(0).failures, 0) << "what it reads ends a settle time before";
  auto whole = start_run(run_kind::manual, slice_bounds{{}, at_second(5)});
  EXPECT_THAT(words(), ElementsAre("start-5 repairing"));
  finish(whole, failed);
  EXPECT_THAT(words(), ElementsAre("start-5 owed"));
  finish(start_run(run_kind::repair, slice_bounds{{}, at_second(5)}));
  EXPECT_THAT(words(), ElementsAre("start-5 closed"));
}

TEST_P(live_contract, what_was_before_the_first_listener_waits_while_a_run_that_reads_everything_is_open_or_due) {
  begin(*live_, 1, 5);
  auto owed = [&] { return live_->owed_repairs(at_second(30), 10)->size(); };
  EXPECT_EQ(owed(), 0u) << "run_ is open";
  ASSERT_FALSE(runs_->cancel_run(run_, ""));
  EXPECT_EQ(owed(), 1u);
  ASSERT_FALSE(runs_->set_due(connection_.id, at_second(31), run_kind::scheduled));
  EXPECT_EQ(owed(), 1u);
  ASSERT_FALSE(runs_->set_due(connection_.id, at_second(30), run_kind::scheduled));
  EXPECT_EQ(owed(), 0u);
  ASSERT_FALSE(runs_->set_due(connection_.id, std::nullopt, run_kind::scheduled));
  ASSERT_TRUE(runs_->request_run(connection_.id, run_kind::full, at_second(30)));
  EXPECT_EQ(owed(), 0u);
}

} // namespace lode::test
