#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

/// What schedules and sources ask of the run store: runs that follow, intervals, stopped streams, full passes.
namespace lode::test {

using namespace std::chrono_literals;
using enum commit_status;
using testing::IsEmpty;

namespace {

constexpr auto far_off = 100'000; ///< a day that lies beyond every clock of a test

std::optional<instant> due_of(run_store& runs, connection_id connection, int day) {
  auto due = runs.load_due(at_day(day), 10);
  EXPECT_TRUE(due);
  for (const auto& each : *due)
    if (each.connection == connection)
      return each.due;
  return std::nullopt;
}

} // namespace

// -- a run that follows an open one ------------------------------------------------------------------------------------------

TEST_P(storage_contract, a_queued_run_is_due_as_soon_as_the_open_one_ends_and_once) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  EXPECT_FALSE(due_of(*runs_, connection_.id, far_off - 1)) << "the due time has moved on";
  EXPECT_EQ(commit_one(page(0, continuation_phase::closed)), committed);
  EXPECT_TRUE(due_of(*runs_, connection_.id, far_off - 1));
  auto following = start_of(connection_);
  following.next_due = at_day(far_off);
  auto second = runs_->start_run(following);
  ASSERT_TRUE(second);
  EXPECT_FALSE(due_of(*runs_, connection_.id, far_off - 1));
  ASSERT_FALSE(runs_->cancel_run(second->run, "by hand"));
  EXPECT_FALSE(due_of(*runs_, connection_.id, far_off - 1)) << "nobody queued behind the second one";
}

TEST_P(storage_contract, a_queued_run_survives_a_crash_of_the_node) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  claim_again(second_life);
  auto successor = backend_->make_page_store(second_life, 0);
  auto last = page(0, continuation_phase::closed);
  ASSERT_EQ(successor->commit({&last, 1})[0].status, committed);
  EXPECT_TRUE(due_of(*runs_, connection_.id, far_off - 1));
}

TEST_P(storage_contract, a_queued_run_follows_a_cancelled_one_and_one_whose_cursor_was_set) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  ASSERT_FALSE(runs_->cancel_run(run_, "by hand"));
  EXPECT_TRUE(due_of(*runs_, connection_.id, far_off - 1));
  auto start = start_of(connection_);
  start.next_due = at_day(far_off);
  ASSERT_TRUE(runs_->start_run(start));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  ASSERT_EQ(*set_cursor(posts_, "", at_day(0)), 1);
  EXPECT_TRUE(due_of(*runs_, connection_.id, far_off - 1));
}

TEST_P(storage_contract, a_queued_run_of_a_connection_that_is_due_no_more_begins_all_the_same) {
  ASSERT_FALSE(runs_->queue_run(connection_.id, std::nullopt));
  EXPECT_FALSE(due_of(*runs_, connection_.id, far_off));
  EXPECT_EQ(commit_one(page(0, continuation_phase::closed)), committed);
  EXPECT_TRUE(due_of(*runs_, connection_.id, far_off));
}

TEST_P(storage_contract, nothing_is_queued_where_no_scheduled_run_is_open) {
  EXPECT_EQ(commit_one(page(0, continuation_phase::closed)), committed);
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_TRUE(runs_->start_run(start_of(connection_, run_kind::manual)));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  EXPECT_EQ(due_of(*runs_, connection_.id, 2), at_day(1)) << "it ended meanwhile: what is due stays due";
}

// -- feedback -----------------------------------------------------------------------------------------------------------------

TEST_P(storage_contract, an_interval_is_kept_and_moves_the_due_time_with_it) {
  EXPECT_EQ(*runs_->load_pace(connection_.id), std::nullopt);
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(10), run_kind::scheduled));
  ASSERT_FALSE(runs_->set_pace(connection_.id, run_, {15min, 30min}, 15min, at_day(9)));
  EXPECT_EQ(*runs_->load_pace(connection_.id), (run_pace{15min, 30min}));
  EXPECT_EQ(due_of(*runs_, connection_.id, 11), at_day(10) + 15min);
  claim_again(second_life);
  EXPECT_EQ(*runs_->load_pace(connection_.id), (run_pace{15min, 30min}));
}

TEST_P(storage_contract, a_run_moves_the_interval_once) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(10), run_kind::scheduled));
  ASSERT_FALSE(runs_->set_pace(connection_.id, run_, {15min, 30min}, 15min, at_day(9)));
  ASSERT_FALSE(runs_->set_pace(connection_.id, run_, {15min, 60min}, 30min, at_day(9)));
  EXPECT_EQ((*runs_->load_pace(connection_.id))->interval, 30min);
  EXPECT_EQ(due_of(*runs_, connection_.id, 11), at_day(10) + 15min);
  commit({page(0, continuation_phase::closed)});
  auto next = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(runs_->set_pace(connection_.id, next->run, {15min, 15min}, -15min, at_day(9)));
  EXPECT_EQ(due_of(*runs_, connection_.id, 11), at_day(10));
}

TEST_P(storage_contract, feedback_moves_no_due_time_that_has_come_and_none_that_was_queued) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(10), run_kind::scheduled));
  ASSERT_FALSE(runs_->set_pace(connection_.id, run_, {15min, 30min}, 15min, at_day(10)));
  EXPECT_EQ(due_of(*runs_, connection_.id, 11), at_day(10));
  commit({page(0, continuation_phase::closed)});
  auto second = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(far_off)));
  ASSERT_FALSE(runs_->cancel_run(second->run, "by hand"));
  auto at_end = due_of(*runs_, connection_.id, far_off - 1);
  ASSERT_TRUE(at_end);
  ASSERT_FALSE(runs_->set_pace(connection_.id, second->run, {15min, 60min}, 30min, at_day(-20'000)));
  EXPECT_EQ(due_of(*runs_, connection_.id, far_off - 1), at_end);
}

// -- streams that stop --------------------------------------------------------------------------------------------------------

TEST_P(storage_contract, a_stream_is_counted_over_all_its_slices_of_one_run) {
  auto first = page(0);
  first.counters.records = 10;
  first.counters.dead = 2;
  first.opens = {{posts_, "p", {}, ""}, {comments_, "c", {}, ""}};
  auto opened = commit({first})[0].opened;
  auto second = page_of(connection_, run_, opened.at(0), 0);
  second.partition = "p";
  second.counters.records = 5;
  second.counters.dead = 1;
  auto other = page_of(connection_, run_, opened.at(1), 0);
  other.stream = comments_;
  other.partition = "c";
  other.counters.records = 100;
  commit({second, other});
  auto tally = runs_->load_tally(run_, posts_);
  ASSERT_TRUE(tally);
  EXPECT_EQ(tally->records, 15);
  EXPECT_EQ(tally->dead, 3);
}

TEST_P(storage_contract, a_stopped_stream_refuses_its_pages_in_flight_and_the_others_go_on) {
  auto parent = page(0);
  parent.opens = {{comments_, "c", {}, ""}};
  auto opened = commit({parent})[0].opened;
  ASSERT_FALSE(runs_->stop_stream(run_, posts_, "too many dead"));
  EXPECT_EQ(commit_one(page(1)), refused_version);
  EXPECT_EQ(code_of(runs_->load_continuation(continuation_).error()), errc::not_found);
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::open);
  auto child = page_of(connection_, run_, opened.at(0), 0, continuation_phase::closed);
  child.stream = comments_;
  child.partition = "c";
  EXPECT_EQ(commit_one(child), committed);
  auto run = runs_->load_run(run_);
  EXPECT_EQ(run->phase, run_phase::incomplete);
  EXPECT_EQ(run->failed, 1);
  EXPECT_EQ(run->reason, "too many dead");
  EXPECT_EQ(code_of(runs_->stop_stream({424242}, posts_, "x")), errc::not_found);
}

TEST_P(storage_contract, stopping_the_last_stream_ends_the_run_and_its_interval_stays_owed) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", {at_day(0), at_day(1)}, ""}};
  auto run = runs_->start_run(start);
  ASSERT_FALSE(runs_->stop_stream(run->run, posts_, "too many dead"));
  EXPECT_EQ(runs_->load_run(run->run)->phase, run_phase::incomplete);
  EXPECT_TRUE(runs_->load_run(run->run)->ended);
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(0));
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::open) << "another run";
}

TEST_P(storage_contract, a_stream_that_goes_too_far_with_its_last_page_leaves_its_run_incomplete) {
  commit({page(0, continuation_phase::closed)});
  ASSERT_EQ(runs_->load_run(run_)->phase, run_phase::finished);
  ASSERT_FALSE(runs_->stop_stream(run_, posts_, "too many dead"));
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::incomplete);
  EXPECT_EQ(runs_->load_run(run_)->reason, "too many dead");
}

TEST_P(storage_contract, a_run_ends_for_a_reason_that_is_no_text) {
  ASSERT_FALSE(runs_->stop_stream(run_, posts_, "the last one: \xFF"));
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::incomplete);
  EXPECT_THAT(runs_->load_run(run_)->reason, testing::HasSubstr("the last one"));
  auto next = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(runs_->cancel_run(next->run, "because of \xFF"));
  EXPECT_EQ(runs_->load_run(next->run)->phase, run_phase::cancelled);
}

// -- full passes --------------------------------------------------------------------------------------------------------------

TEST_P(storage_contract, a_full_pass_is_complete_when_its_run_has_read_all_that_it_needs) {
  EXPECT_THAT(*runs_->load_full_passes(connection_.id), IsEmpty());
  ASSERT_FALSE(runs_->begin_full_passes(run_, at_day(3), {{posts_, {posts_}}}));
  auto open = *runs_->load_full_passes(connection_.id);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_TRUE(open[0].is_open);
  EXPECT_FALSE(open[0].completed);
  commit({page(0, continuation_phase::closed)});
  for (int times = 0; times < 2; ++times) {
    auto ended = *runs_->load_full_passes(connection_.id);
    EXPECT_EQ(ended.at(0).completed, at_day(3));
    EXPECT_FALSE(ended.at(0).is_open);
  }
  claim_again(second_life);
  EXPECT_EQ(runs_->load_full_passes(connection_.id)->at(0).completed, at_day(3));
}

TEST_P(storage_contract, a_full_pass_that_did_not_read_all_leaves_the_one_before) {
  ASSERT_FALSE(runs_->begin_full_passes(run_, at_day(3), {{posts_, {posts_}}}));
  commit({page(0, continuation_phase::closed)});
  ASSERT_EQ(runs_->load_full_passes(connection_.id)->at(0).completed, at_day(3));
  auto second = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(runs_->begin_full_passes(second->run, at_day(5), {{posts_, {posts_}}}));
  auto failed = page_of(connection_, second->run, second->opened[0], 0, continuation_phase::failed);
  ASSERT_EQ(commit_one(failed), committed);
  EXPECT_EQ(runs_->load_full_passes(connection_.id)->at(0).completed, at_day(3));
  auto third = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(runs_->begin_full_passes(third->run, at_day(7), {{posts_, {posts_}}}));
  ASSERT_FALSE(runs_->cancel_run(third->run, "by hand"));
  EXPECT_EQ(runs_->load_full_passes(connection_.id)->at(0).completed, at_day(3));
}

TEST_P(storage_contract, a_full_pass_needs_its_parents_and_nothing_else) {
  auto parent = page(0);
  parent.opens = {{comments_, "c", {}, ""}};
  auto opened = commit({parent})[0].opened;
  ASSERT_FALSE(runs_->begin_full_passes(run_, at_day(3), {{comments_, {comments_, posts_}}, {posts_, {posts_}}}));
  auto child = page_of(connection_, run_, opened.at(0), 0, continuation_phase::failed);
  child.stream = comments_;
  child.partition = "c";
  commit({child, page(1, continuation_phase::closed)});
  auto passes = runs_->load_full_passes(connection_.id);
  ASSERT_EQ(passes->size(), 2u);
  for (const auto& pass : *passes)
    EXPECT_EQ(pass.completed.has_value(), pass.stream == posts_);
}

TEST_P(storage_contract, a_slice_whose_rows_kept_shifting_completes_no_full_pass) {
  ASSERT_FALSE(runs_->begin_full_passes(run_, at_day(3), {{posts_, {posts_}}}));
  auto last = page(0, continuation_phase::closed);
  last.move.reason = "rows kept shifting";
  commit({last});
  EXPECT_FALSE(runs_->load_full_passes(connection_.id)->at(0).completed);
}

} // namespace lode::test
