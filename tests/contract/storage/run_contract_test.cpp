#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

using enum commit_status;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(storage_contract, all_shards_belong_to_the_only_node) {
  EXPECT_EQ(claims_.size(), 4096u);
  for (const auto& claim : claims_)
    EXPECT_EQ(claim.epoch.value, 1);
}

TEST_P(storage_contract, a_crash_is_counted_on_open_continuations_and_a_committed_page_forgets_it) {
  claim_again(second_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 1);
  auto open = runs_->load_open_runs();
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ((*open)[0].crash_resumes, 1);
  auto successor = backend_->make_page_store(second_life, 0);
  auto next = page(0);
  EXPECT_EQ(successor->commit({&next, 1})[0].status, committed);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 0);
}

TEST_P(storage_contract, a_crash_with_a_page_alone_in_work_is_counted_apart_and_once) {
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  claim_again(third_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 2);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 1);
  claim_again(fourth_life);
  EXPECT_EQ(runs_->load_continuations(run_, {}, 1)->at(0).crash_resumes, 3);
  EXPECT_EQ(runs_->resume_continuation(continuation_)->alone_deaths, 1);
}

TEST_P(storage_contract, a_committed_page_forgets_that_it_was_alone_and_what_was_counted) {
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  claim_again(third_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  auto successor = backend_->make_page_store(third_life, 0);
  auto next = page(0);
  ASSERT_EQ(successor->commit({&next, 1})[0].status, committed);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
  claim_again(fourth_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 1);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
}

TEST_P(storage_contract, a_page_that_left_work_or_made_room_for_another_is_not_blamed) {
  auto other = runs_->start_run(start_of(connection_, run_kind::manual))->opened.at(0);
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  ASSERT_FALSE(runs_->mark_alone(other));
  claim_again(third_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
  EXPECT_EQ(runs_->load_continuation(other)->alone_deaths, 1);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  ASSERT_FALSE(runs_->mark_alone({}));
  claim_again(fourth_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
}

TEST_P(storage_contract, a_hand_over_with_a_page_alone_in_work_blames_nobody_then_or_later) {
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  ASSERT_FALSE(backend_->make_membership_store(second_life)->leave(second_life));
  claim_again(third_life);
  claim_again(fourth_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 2);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
}

TEST_P(storage_contract, only_an_open_continuation_of_this_node_can_be_alone_in_work) {
  EXPECT_EQ(code_of(runs_->mark_alone({424242})), errc::not_found);
  auto elsewhere = backend_->make_run_store(second_life);
  EXPECT_EQ(code_of(elsewhere->mark_alone(continuation_)), errc::not_found);
  ASSERT_FALSE(runs_->cancel_run(run_, "by hand"));
  EXPECT_EQ(code_of(runs_->mark_alone(continuation_)), errc::not_found);
}

TEST_P(storage_contract, a_connection_that_a_person_resumes_begins_without_suspicion) {
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  claim_again(third_life);
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "the process died"));
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 1) << "what was counted is still to be seen";
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 0);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
  claim_again(fourth_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->alone_deaths, 0);
}

TEST_P(storage_contract, a_hand_over_counts_no_crash_and_still_raises_the_epoch) {
  ASSERT_FALSE(backend_->make_membership_store(first_life)->leave(first_life));
  EXPECT_EQ(commit_one(page(0)), refused_fence);
  claim_again(second_life);
  EXPECT_EQ(claims_.size(), 4096u);
  EXPECT_EQ(claims_[0].epoch.value, 2);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 0);
}

TEST_P(storage_contract, a_crash_is_not_counted_on_a_paused_connection) {
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  claim_again(second_life);
  EXPECT_EQ(runs_->load_continuation(continuation_)->crash_resumes, 0);
}

TEST_P(storage_contract, a_second_run_of_the_same_kind_is_a_conflict) {
  auto second = runs_->start_run(start_of(connection_));
  ASSERT_FALSE(second);
  EXPECT_EQ(code_of(second.error()), errc::conflict);
  EXPECT_TRUE(runs_->start_run(start_of(connection_, run_kind::manual)));
  commit({page(0, continuation_phase::closed)});
  EXPECT_TRUE(runs_->start_run(start_of(connection_)));
}

TEST_P(storage_contract, a_run_is_not_started_without_the_fence) {
  auto start = start_of(connect("globex"));
  start.claim.epoch = {77};
  EXPECT_EQ(code_of(runs_->start_run(start).error()), errc::not_owner);
  auto elsewhere = start_of(connect("globex"));
  elsewhere.claim = claim_of({(elsewhere.claim.shard.value + 1) % 4096});
  EXPECT_EQ(code_of(runs_->start_run(elsewhere).error()), errc::not_owner);
}

TEST_P(storage_contract, a_run_of_an_inactive_connection_is_not_started) {
  auto other = connect("globex");
  ASSERT_FALSE(catalog_->set_tenant_state(other.tenant, activity::suspended, "dead token"));
  EXPECT_EQ(code_of(runs_->start_run(start_of(other)).error()), errc::conflict);
}

TEST_P(storage_contract, a_run_without_continuations_is_finished_at_once) {
  auto start = start_of(connection_, run_kind::manual);
  start.first.clear();
  auto run = runs_->start_run(start);
  ASSERT_TRUE(run);
  EXPECT_EQ(runs_->load_run(run->run)->phase, run_phase::finished);
}

TEST_P(storage_contract, a_run_writes_the_next_due_time_with_its_start) {
  auto start = start_of(connection_, run_kind::manual);
  start.next_due = at_day(3);
  ASSERT_TRUE(runs_->start_run(start));
  EXPECT_THAT(*runs_->load_due(at_day(2), 10), IsEmpty());
  auto due = runs_->load_due(at_day(3), 10);
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ((*due)[0].connection, connection_.id);
  EXPECT_EQ((*due)[0].due, at_day(3));
}

TEST_P(storage_contract, what_is_due_comes_most_urgent_kind_first_then_latest_first) {
  const auto set = [&](const char* name, int day, run_kind kind) {
    auto connection = connect(name);
    EXPECT_FALSE(runs_->set_due(connection.id, at_day(day), kind));
    return connection.id;
  };
  auto old = set("t1", 1, run_kind::scheduled);
  auto repair = set("t2", 1, run_kind::repair);
  auto late = set("t3", 3, run_kind::scheduled);
  auto backfill = set("t4", 4, run_kind::backfill);
  auto manual = set("t5", 2, run_kind::manual);
  set("t6", 9, run_kind::repair);
  std::vector<connection_id> order;
  auto due = runs_->load_due(at_day(5), 10);
  for (const auto& entry : *due)
    order.push_back(entry.connection);
  EXPECT_THAT(order, ElementsAre(repair, manual, late, old, backfill));
  EXPECT_EQ(runs_->load_due(at_day(5), 2)->size(), 2u);
  ASSERT_FALSE(runs_->set_due(manual, std::nullopt, run_kind::manual));
  EXPECT_EQ(runs_->load_due(at_day(5), 10)->size(), 4u);
}

TEST_P(storage_contract, among_due_runs_of_one_kind_those_of_a_higher_priority_come_first) {
  const auto set = [&](const char* name, urgency priority, int day, run_kind kind) {
    auto wanted = connect(name);
    wanted.priority = priority;
    auto connection = catalog_->put_connection(wanted.tenant, wanted);
    EXPECT_EQ(connection->priority, priority);
    EXPECT_FALSE(runs_->set_due(connection->id, at_day(day), kind));
    return connection->id;
  };
  auto low = set("t1", urgency::low, 4, run_kind::scheduled);
  auto old = set("t2", urgency::normal, 1, run_kind::scheduled);
  auto late = set("t3", urgency::normal, 3, run_kind::scheduled);
  auto high = set("t4", urgency::high, 2, run_kind::scheduled);
  auto repair = set("t5", urgency::low, 1, run_kind::repair);
  std::vector<connection_id> order;
  auto due = runs_->load_due(at_day(5), 10);
  for (const auto& entry : *due)
    order.push_back(entry.connection);
  EXPECT_THAT(order, ElementsAre(repair, high, late, old, low));
  EXPECT_EQ(runs_->load_due(at_day(5), 2)->back().connection, high) << "also where not all are asked for";
}

TEST_P(storage_contract, a_priority_is_normal_until_it_is_set_and_can_be_taken_back) {
  EXPECT_EQ(connection_.priority, urgency::normal);
  for (auto priority : {urgency::high, urgency::low, urgency::normal}) {
    connection_.priority = priority;
    ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
    EXPECT_EQ(catalog_->load_connection(connection_.id)->priority, priority);
  }
}

TEST_P(storage_contract, a_requested_run_is_due_before_the_scheduled_one_which_stays_due) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  auto asked = runs_->request_run(connection_.id, run_kind::manual, at_day(2));
  ASSERT_TRUE(asked) << to_string(asked.error());
  EXPECT_EQ(asked->answer, request_answer::accepted);
  auto due = runs_->load_due(at_day(3), 10);
  ASSERT_EQ(due->size(), 1u) << "a connection is listed once";
  EXPECT_EQ((*due)[0].kind, run_kind::manual);
  EXPECT_EQ((*due)[0].due, at_day(2));
  ASSERT_TRUE(runs_->start_run(start_of(connection_, run_kind::manual)));
  due = runs_->load_due(at_day(3), 10);
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ((*due)[0].kind, run_kind::scheduled);
  EXPECT_EQ((*due)[0].due, at_day(1));
}

TEST_P(storage_contract, a_request_is_started_once_and_a_second_one_gets_an_answer) {
  const auto request = [&](run_kind kind) { return *runs_->request_run(connection_.id, kind, at_day(1)); };
  EXPECT_EQ(request(run_kind::full).answer, request_answer::accepted);
  EXPECT_EQ(request(run_kind::full).answer, request_answer::already_requested);
  auto run = runs_->start_run(start_of(connection_, run_kind::full));
  ASSERT_TRUE(run);
  EXPECT_THAT(*runs_->load_due(at_day(9), 10), IsEmpty());
  EXPECT_EQ(request(run_kind::full).answer, request_answer::already_open);
  EXPECT_EQ(request(run_kind::full).open, run->run);
  EXPECT_EQ(request(run_kind::backfill).answer, request_answer::accepted) << "another kind is another run";
  ASSERT_FALSE(runs_->cancel_run(run->run, "by hand"));
  EXPECT_EQ(request(run_kind::full).answer, request_answer::accepted);
}

TEST_P(storage_contract, a_request_outlives_its_node_and_a_start_that_is_refused) {
  ASSERT_TRUE(runs_->request_run(connection_.id, run_kind::manual, at_day(1)));
  auto stale = start_of(connection_, run_kind::manual);
  stale.claim.epoch = {77};
  EXPECT_EQ(code_of(runs_->start_run(stale).error()), errc::not_owner);
  claim_again(second_life);
  auto due = runs_->load_due(at_day(1), 10);
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ((*due)[0].kind, run_kind::manual);
}

TEST_P(storage_contract, no_run_is_requested_of_what_is_not_mined) {
  auto other = connect("globex");
  ASSERT_FALSE(catalog_->set_tenant_state(other.tenant, activity::paused, "unpaid"));
  EXPECT_EQ(code_of(runs_->request_run(other.id, run_kind::manual, at_day(1)).error()), errc::conflict);
  ASSERT_FALSE(catalog_->set_tenant_state(other.tenant, activity::active, ""));
  ASSERT_TRUE(runs_->request_run(other.id, run_kind::manual, at_day(1)));
  ASSERT_FALSE(catalog_->set_connection_state(other.id, activity::paused, "by hand"));
  EXPECT_THAT(*runs_->load_due(at_day(9), 10), IsEmpty()) << "it waits";
  ASSERT_FALSE(catalog_->set_connection_state(other.id, activity::active, ""));
  EXPECT_EQ(runs_->load_due(at_day(9), 10)->size(), 1u);
  EXPECT_EQ(code_of(runs_->request_run({424242}, run_kind::manual, at_day(1)).error()), errc::not_found);
}

TEST_P(storage_contract, a_paused_tenant_is_not_due) {
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::paused, "by hand"));
  EXPECT_THAT(*runs_->load_due(at_day(5), 10), IsEmpty());
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::active, ""));
  EXPECT_EQ(runs_->load_due(at_day(5), 10)->size(), 1u);
}

TEST_P(storage_contract, a_cancelled_run_refuses_its_pages_in_flight) {
  ASSERT_FALSE(runs_->cancel_run(run_, "by hand"));
  EXPECT_EQ(commit_one(page(0)), refused_version);
  EXPECT_EQ(commit_one(page(1)), refused_version);
  auto row = runs_->load_run(run_);
  EXPECT_EQ(row->phase, run_phase::cancelled);
  EXPECT_EQ(row->reason, "by hand");
  EXPECT_EQ(code_of(runs_->load_continuation(continuation_).error()), errc::not_found);
  EXPECT_TRUE(runs_->start_run(start_of(connection_)));
  EXPECT_EQ(code_of(runs_->cancel_run({424242}, "x")), errc::not_found);
}

TEST_P(storage_contract, pausing_refuses_pages_in_flight_and_those_fetched_ahead) {
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  for (int version = 0; version < 5; ++version)
    EXPECT_EQ(commit_one(page(version)), refused_version);
  EXPECT_THAT(*runs_->load_open_runs(), IsEmpty());
}

TEST_P(storage_contract, a_miner_does_not_go_on_while_its_connection_or_its_tenant_is_not_active) {
  const auto is_refused = [&] {
    auto resumed = runs_->resume_continuation(continuation_);
    return !resumed && code_of(resumed.error()) == errc::not_found;
  };
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  EXPECT_TRUE(is_refused());
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::paused, "by hand"));
  EXPECT_TRUE(is_refused());
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::active, ""));
  EXPECT_FALSE(is_refused());
}

TEST_P(storage_contract, a_continuation_that_is_resumed_refuses_the_pages_of_before_and_goes_on_where_it_was) {
  ASSERT_EQ(commit_one(page_with(0, {insert("a", 1)})), committed);
  auto first = runs_->resume_continuation(continuation_);
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->state, "state 1");
  for (int64_t version : {1, 2, 3}) // the next page and what was fetched ahead of it
    EXPECT_EQ(commit_one(page_with(version, {insert("late", 2)})), refused_version) << version;
  auto second = runs_->resume_continuation(continuation_);
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(commit_one(page_with(first->version, {insert("late", 2)})), refused_version);
  EXPECT_EQ(commit_one(page_with(second->version, {insert("b", 3)})), committed);
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert b 3"));
  EXPECT_EQ(runs_->load_run(run_)->counters.records, 2);
}

TEST_P(storage_contract, a_miner_of_an_earlier_life_does_not_go_on) {
  auto zombie = backend_->make_run_store(first_life);
  claim_again(second_life);
  EXPECT_EQ(code_of(zombie->resume_continuation(continuation_).error()), errc::not_found);
  EXPECT_EQ(runs_->load_continuation(continuation_)->version, 0) << "its successor's pages are not refused";
}

TEST_P(storage_contract, a_suspended_connection_goes_on_where_it_was_when_it_is_active_again) {
  ASSERT_EQ(commit_one(page(0)), committed);
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, "dead token"));
  EXPECT_EQ(catalog_->load_connection(connection_.id)->reason, "dead token");
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  ASSERT_EQ(runs_->load_open_runs()->size(), 1u);
  auto row = runs_->load_continuation(continuation_);
  EXPECT_EQ(row->state, "state 1");
  EXPECT_EQ(commit_one(page(row->version)), committed);
}

TEST_P(storage_contract, a_run_without_open_continuations_is_closed_when_its_shard_is_claimed) {
  backend_->close_behind_its_run(continuation_);
  ASSERT_EQ(runs_->load_run(run_)->phase, run_phase::open);
  claim_again(second_life);
  auto row = runs_->load_run(run_);
  EXPECT_EQ(row->phase, run_phase::finished);
  EXPECT_EQ(row->open, 0);
  EXPECT_TRUE(row->ended);
  EXPECT_TRUE(runs_->start_run(start_of(connection_))) << "it holds up no other run";
}

// -- cursors ----------------------------------------------------------------------------------


slice_bounds days(int from, int to) {
  return {at_day(from), at_day(to)};
}

page_commit closing(page_commit last, slice_bounds slice) {
  last.completes_slice = true;
  last.completed = slice;
  return last;
}

TEST_P(storage_contract, the_cursor_moves_over_the_unbroken_row_of_closed_slices_only) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 1), ""}, {posts_, "", days(1, 2), ""}, {posts_, "", days(2, 3), ""}};
  auto run = runs_->start_run(start);
  ASSERT_TRUE(run);
  const auto known = [&] { return runs_->load_cursors(connection_.id)->at(0).known_up_to; };
  const auto close = [&](size_t i) {
    auto last = page_of(connection_, run->run, run->opened[i], 0, continuation_phase::closed);
    return commit_one(closing(last, start.first[i].slice));
  };
  EXPECT_EQ(known(), at_day(0));
  EXPECT_EQ(close(2), committed);
  EXPECT_EQ(known(), at_day(0));
  EXPECT_EQ(close(0), committed);
  EXPECT_EQ(known(), at_day(1));
  EXPECT_EQ(close(1), committed);
  EXPECT_EQ(known(), at_day(3));
}

TEST_P(storage_contract, the_cursor_never_passes_a_failed_slice) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 1), ""}, {posts_, "", days(1, 2), ""}, {posts_, "", days(2, 3), ""}};
  auto run = runs_->start_run(start);
  ASSERT_TRUE(run);
  std::vector<page_commit> group;
  for (size_t i = 0; i < 3; ++i) {
    auto phase = i == 1 ? continuation_phase::failed : continuation_phase::closed;
    auto last = page_of(connection_, run->run, run->opened[i], 0, phase);
    group.push_back(i == 1 ? last : closing(last, start.first[i].slice));
  }
  EXPECT_THAT(statuses(commit(group)), testing::Each(committed));
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(1));
  // The next run reads the owed slice again.
  auto repair = start_of(connection_, run_kind::repair);
  repair.first = {{posts_, "", days(1, 2), ""}};
  auto second = runs_->start_run(repair);
  commit({closing(page_of(connection_, second->run, second->opened[0], 0, continuation_phase::closed), days(1, 2))});
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(3));
}

TEST_P(storage_contract, a_slice_that_overlaps_the_cursor_moves_it) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 2), ""}, {posts_, "", days(1, 4), ""}};
  auto run = runs_->start_run(start);
  for (size_t i = 0; i < 2; ++i)
    commit({closing(page_of(connection_, run->run, run->opened[i], 0, continuation_phase::closed),
                    start.first[i].slice)});
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(4));
}

TEST_P(storage_contract, a_cursor_that_its_source_has_overtaken_moves_to_where_reading_begins_and_then_with_the_slices) {
  ASSERT_EQ(*set_cursor(posts_, "", at_day(-30)), 1);
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 1), ""}, {posts_, "", days(1, 2), ""}, {posts_, "", days(2, 3), ""}};
  start.skips = {{posts_, "", at_day(-30), at_day(0)}};
  auto run = runs_->start_run(start);
  ASSERT_TRUE(run);
  const auto known = [&] { return runs_->load_cursors(connection_.id)->at(0).known_up_to; };
  EXPECT_EQ(known(), at_day(0));
  for (size_t i : {0, 2}) {
    auto last = page_of(connection_, run->run, run->opened[i], 0, continuation_phase::closed);
    ASSERT_EQ(commit_one(closing(last, start.first[i].slice)), committed);
  }
  EXPECT_EQ(known(), at_day(1)) << "the slice between is not closed: it holds the cursor back";
}

TEST_P(storage_contract, a_cursor_that_was_set_while_a_run_was_planned_is_not_skipped_over) {
  ASSERT_EQ(*set_cursor(posts_, "", at_day(-40)), 1);
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 1), ""}};
  start.skips = {{posts_, "", at_day(-30), at_day(0)}, {comments_, "", at_day(-30), at_day(0)}};
  ASSERT_TRUE(runs_->start_run(start));
  auto cursors = runs_->load_cursors(connection_.id);
  ASSERT_EQ(cursors->size(), 1u);
  EXPECT_EQ(cursors->at(0).known_up_to, at_day(-40));
}

TEST_P(storage_contract, a_run_that_is_refused_skips_nothing) {
  ASSERT_EQ(*set_cursor(posts_, "", at_day(-30)), 1);
  ASSERT_TRUE(runs_->start_run(start_of(connection_)));
  auto second = start_of(connection_);
  second.skips = {{posts_, "", at_day(-30), at_day(0)}};
  EXPECT_EQ(code_of(runs_->start_run(second).error()), errc::conflict);
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(-30));
}

TEST_P(storage_contract, a_backfill_says_nothing_about_where_a_partition_begins) {
  auto start = start_of(connection_, run_kind::backfill);
  start.first = {{posts_, "", days(0, 1), ""}};
  auto run = runs_->start_run(start);
  commit({closing(page_of(connection_, run->run, run->opened[0], 0, continuation_phase::closed), days(0, 1))});
  EXPECT_THAT(*runs_->load_cursors(connection_.id), IsEmpty());
}

TEST_P(storage_contract, slices_that_a_page_opens_have_cursors_of_their_own_partition) {
  auto parent = page(0);
  parent.opens = {
    {comments_, "p1", days(3, 4), ""}, {comments_, "p2", days(1, 2), ""}, {comments_, "p1", days(2, 3), ""}};
  auto opened = commit({parent})[0].opened;
  ASSERT_EQ(opened.size(), 3u);
  auto last = page_of(connection_, run_, opened[2], 0, continuation_phase::closed);
  last.stream = comments_;
  last.partition = "p1";
  EXPECT_EQ(commit_one(closing(last, days(2, 3))), committed);
  auto cursors = runs_->load_cursors(connection_.id);
  ASSERT_EQ(cursors->size(), 2u);
  EXPECT_EQ((*cursors)[0].known_up_to, at_day(3)); // p1 begins at day 2
  EXPECT_EQ((*cursors)[1].known_up_to, at_day(1));
}

TEST_P(storage_contract, setting_a_cursor_refuses_pages_in_flight_and_forgets_what_was_closed) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", days(0, 1), ""}, {posts_, "", days(1, 2), ""}};
  auto run = runs_->start_run(start);
  commit({closing(page_of(connection_, run->run, run->opened[1], 0, continuation_phase::closed), days(1, 2))});
  auto in_flight = closing(page_of(connection_, run->run, run->opened[0], 0, continuation_phase::closed), days(0, 1));
  ASSERT_EQ(*set_cursor(posts_, "", at_day(-5)), 1);
  EXPECT_EQ(commit_one(in_flight), refused_version);
  EXPECT_EQ(runs_->load_cursors(connection_.id)->at(0).known_up_to, at_day(-5));
  EXPECT_EQ(runs_->load_run(run->run)->phase, run_phase::incomplete);
  ASSERT_EQ(*set_cursor(posts_, "", std::nullopt), 1);
  EXPECT_THAT(*runs_->load_cursors(connection_.id), IsEmpty());
  EXPECT_EQ(code_of(set_cursor({424242}, "", std::nullopt).error()), errc::not_found);
}

TEST_P(storage_contract, continuations_are_loaded_in_bounded_batches_in_id_order) {
  auto parent = page(0);
  for (int i = 0; i < 5; ++i)
    parent.opens.push_back({comments_, std::to_string(i), {}, ""});
  commit({parent});
  auto first = runs_->load_continuations(run_, {}, 4);
  ASSERT_EQ(first->size(), 4u);
  auto second = runs_->load_continuations(run_, first->back().id, 4);
  ASSERT_EQ(second->size(), 2u);
  EXPECT_LT(first->back().id, second->front().id);
}

TEST_P(storage_contract, runs_are_listed_latest_first_with_their_sums) {
  commit({page_with(0, {insert("a", 1)})});
  auto second = runs_->start_run(start_of(connection_, run_kind::manual));
  auto listed = runs_->list_runs(connection_.id, 10);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].run, second->run);
  EXPECT_EQ((*listed)[0].kind, run_kind::manual);
  EXPECT_EQ((*listed)[1].counters.records, 1);
  EXPECT_EQ(runs_->list_runs(connection_.id, 1)->size(), 1u);
}

} // namespace lode::test
