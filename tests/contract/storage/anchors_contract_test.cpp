#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

/// Down to where runs need not read, and how completely a stream was read.
namespace lode::test {

namespace {

constexpr auto closed = continuation_phase::closed;

slice_anchor anchor_at(int day, const std::string& version = "v1") {
  return {at_day(day).time_since_epoch().count(), at_day(day + 1), 0, version};
}

} // namespace

class anchors_contract : public storage_contract {
protected:
  anchors_contract() { edition_ = *catalog_->edition_of(connection_.id); }

  /// The page that closes the only slice of a run.
  page_commit last_page(const started_run& run, int day) {
    auto out = page_of(connection_, run.run, run.opened.at(0), 0, closed);
    out.anchor = anchor_at(day);
    out.anchor->edition = edition_;
    return out;
  }

  page_commit last_page(int day) { return last_page({run_, {continuation_}}, day); }

  std::vector<partition_anchor> anchors() { return *runs_->load_anchors(connection_.id); }
  stream_reading reading(size_t limit = 100) { return *backend_->make_admin_store()->load_reading(connection_.id, posts_, limit); }

  int64_t edition_ = 0;
};

TEST_P(anchors_contract, an_anchor_is_written_with_the_page_that_closes_its_slice) {
  auto last = last_page(1);
  last.changes = {insert("k", 1)};
  last.partition = "p";
  ASSERT_EQ(commit_one(last), commit_status::committed);
  ASSERT_EQ(anchors().size(), 1u);
  EXPECT_EQ(anchors()[0].stream, posts_);
  EXPECT_EQ(anchors()[0].partition, "p");
  EXPECT_EQ(anchors()[0].run, run_);
  EXPECT_EQ(anchors()[0].anchor, *last.anchor);
  EXPECT_TRUE(fact("k").known);
}

TEST_P(anchors_contract, a_page_that_is_refused_leaves_the_old_anchor_and_so_do_those_of_its_group) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  auto next = *runs_->start_run(start_of(connection_, run_kind::manual));
  auto other = *runs_->start_run(start_of(connection_, run_kind::full));
  auto late = last_page(next, 5);
  late.move.expected_version = 7;
  auto outcomes = commit({late, last_page(other, 6)});
  EXPECT_EQ(statuses(outcomes), (std::vector{commit_status::refused_version, commit_status::again}));
  EXPECT_EQ(anchors().at(0).anchor.position, anchor_at(1).position);
}

TEST_P(anchors_contract, a_run_that_is_cancelled_leaves_the_old_anchor) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  auto next = *runs_->start_run(start_of(connection_, run_kind::manual));
  ASSERT_FALSE(runs_->cancel_run(next.run, "by hand"));
  EXPECT_EQ(commit_one(last_page(next, 5)), commit_status::refused_version);
  EXPECT_EQ(anchors().at(0).anchor.position, anchor_at(1).position);
}

TEST_P(anchors_contract, the_run_that_began_last_says_where_the_anchor_is) {
  auto later = *runs_->start_run(start_of(connection_, run_kind::manual));
  ASSERT_EQ(commit_one(last_page(later, 3)), commit_status::committed);
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  EXPECT_EQ(anchors().at(0).run, later.run);
  auto last = *runs_->start_run(start_of(connection_, run_kind::manual));
  ASSERT_EQ(commit_one(last_page(last, 2)), commit_status::committed);
  EXPECT_EQ(anchors().at(0).anchor.position, anchor_at(2).position) << "the newest record may have gone";
}

TEST_P(anchors_contract, slices_of_two_runs_that_close_in_one_group_leave_one_anchor) {
  auto later = *runs_->start_run(start_of(connection_, run_kind::manual));
  for (const auto& outcome : commit({last_page(later, 3), last_page(1)}))
    EXPECT_EQ(outcome.status, commit_status::committed);
  ASSERT_EQ(anchors().size(), 1u);
  EXPECT_EQ(anchors()[0].run, later.run);
}

TEST_P(anchors_contract, a_cursor_that_is_set_to_nothing_forgets_the_anchor_and_ends_what_reads_down_to_it) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  auto next = *runs_->start_run(start_of(connection_, run_kind::manual));
  EXPECT_EQ(*set_cursor(posts_, "elsewhere", std::nullopt), 0);
  EXPECT_EQ(anchors().size(), 1u);
  EXPECT_EQ(*set_cursor(posts_, "", std::nullopt), 1);
  EXPECT_TRUE(anchors().empty());
  EXPECT_EQ(commit_one(last_page(next, 5)), commit_status::refused_version);
  EXPECT_EQ(*set_cursor(posts_, "", std::nullopt), 0) << "there is nothing left";
}

TEST_P(anchors_contract, a_cursor_that_is_set_forgets_the_anchor_too) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  EXPECT_EQ(*set_cursor(posts_, "", at_day(9)), 1);
  EXPECT_TRUE(anchors().empty());
}

TEST_P(anchors_contract, an_edit_that_is_refused_forgets_nothing) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  state_edit edit{connection_.id, {{posts_, "", std::nullopt, 0}, {comments_, "", std::nullopt, 7}}, {}};
  EXPECT_EQ(code_of(backend_->make_admin_store()->edit_state(edit).error()), errc::stale_version);
  EXPECT_EQ(anchors().size(), 1u);
}

TEST_P(anchors_contract, a_slice_that_failed_moves_no_anchor) {
  auto last = page(0, continuation_phase::failed);
  last.move.reason = "too large";
  last.anchor = anchor_at(1);
  ASSERT_EQ(commit_one(last), commit_status::committed);
  EXPECT_TRUE(anchors().empty());
}

TEST_P(anchors_contract, a_run_of_which_a_cursor_that_was_set_ended_a_slice_ends_incomplete) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "", {}, ""}, {comments_, "p", {}, ""}};
  auto run = *runs_->start_run(start);
  ASSERT_EQ(*set_cursor(comments_, "p", at_day(1)), 1);
  ASSERT_EQ(commit_one(page_of(connection_, run.run, run.opened[0], 0, closed)), commit_status::committed);
  EXPECT_EQ(runs_->load_run(run.run)->phase, run_phase::incomplete);
  EXPECT_EQ(runs_->load_run(run.run)->failed, 1);
}

TEST_P(anchors_contract, a_reading_counts_the_dead_letters_of_each_run) {
  auto first = page(0);
  first.dead = {{"a", "1", "no key", {}}, {"b", "2", "no key", {}}};
  ASSERT_EQ(commit_one(first), commit_status::committed);
  auto next = *runs_->start_run(start_of(connection_, run_kind::manual));
  auto second = page_of(connection_, next.run, next.opened.at(0), 0);
  second.dead = {{"b", "2", "no key", {}}};
  ASSERT_EQ(commit_one(second), commit_status::committed);
  auto found = reading();
  ASSERT_EQ(found.died.size(), 2u);
  EXPECT_EQ(found.died[0].run, next.run) << "that met it last";
  EXPECT_EQ(found.died[0].count, 1);
  EXPECT_GE(found.died[0].last_seen, runs_->load_run(next.run)->started);
  EXPECT_EQ(found.died[1].run, run_);
  EXPECT_EQ(found.died[1].count, 1);
  EXPECT_FALSE(found.is_cut);
  EXPECT_TRUE(reading(1).is_cut);
}

TEST_P(anchors_contract, a_reading_says_which_runs_came_before_source_or_connection_were_changed) {
  auto is_current = [&] { return reading().slices.at(0).is_current; };
  EXPECT_TRUE(is_current());
  EXPECT_EQ(reading().slices.at(0).kind, run_kind::scheduled);
  catalog_->put_source("shop", "manifest", "v1");
  EXPECT_TRUE(is_current()) << "it is the same";
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "others"));
  EXPECT_FALSE(is_current());
  auto next = *runs_->start_run(start_of(connection_, run_kind::manual));
  EXPECT_EQ(reading().slices.at(0).run, next.run);
  EXPECT_TRUE(is_current());
  catalog_->put_source("shop", "another manifest", "v2");
  EXPECT_FALSE(is_current());
}

TEST_P(anchors_contract, a_reading_of_many_partitions_goes_back_to_the_run_that_read_all_of_them) {
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "a", {}, ""}, {posts_, "b", {}, ""}, {posts_, "c", {}, ""}};
  auto run = *runs_->start_run(start);
  for (size_t i = 0; i < 3; ++i) {
    auto last = page_of(connection_, run.run, run.opened[i], 0, closed);
    last.partition = start.first[i].partition;
    last.counters.dead = i == 2 ? 1 : 0;
    ASSERT_EQ(commit_one(last), commit_status::committed);
  }
  auto found = reading(2);
  ASSERT_EQ(found.slices.size(), 2u) << "one for all, and the one that lost records";
  EXPECT_EQ(found.slices[0].partition, "a");
  EXPECT_EQ(found.slices[1].partition, "c");
  EXPECT_FALSE(found.is_cut) << "what earlier runs read does not matter";
}

TEST_P(anchors_contract, anchors_are_erased_with_their_connection) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  auto rows = backend_->row_counter(connection_.tenant);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  while (*catalog_->erase_some(connection_.tenant, 100) > 0)
    continue;
  EXPECT_EQ(rows(), 0);
}

TEST_P(anchors_contract, a_reading_lists_what_was_closed_and_what_became_of_each_slice_latest_run_first) {
  auto first = page(0, continuation_phase::failed);
  first.move.reason = "gone";
  first.counters.dead = 2;
  ASSERT_EQ(commit_one(first), commit_status::committed);
  auto start = start_of(connection_, run_kind::manual);
  start.first = {{posts_, "p", {at_day(0), at_day(1)}, ""}, {comments_, "", {}, ""}};
  auto second = *runs_->start_run(start);
  auto last = page_of(connection_, second.run, second.opened[0], 0, closed);
  last.partition = "p";
  last.completes_slice = true;
  last.completed = start.first[0].slice;
  ASSERT_EQ(commit_one(last), commit_status::committed);
  auto found = reading();
  ASSERT_EQ(found.slices.size(), 2u) << "of this stream only";
  EXPECT_EQ(found.slices[0].run, second.run);
  EXPECT_EQ(found.slices[0].run_ended, run_phase::open);
  EXPECT_EQ(found.slices[0].partition, "p");
  EXPECT_EQ(found.slices[0].slice, start.first[0].slice);
  EXPECT_EQ(found.slices[0].phase, closed);
  EXPECT_EQ(found.slices[1].run, run_);
  EXPECT_EQ(found.slices[1].run_ended, run_phase::incomplete);
  EXPECT_EQ(found.slices[1].run_began, runs_->load_run(run_)->started);
  EXPECT_EQ(found.slices[1].phase, continuation_phase::failed);
  EXPECT_EQ(found.slices[1].reason, "gone");
  EXPECT_EQ(found.slices[1].dead, 2);
  ASSERT_EQ(found.closed.size(), 1u);
  EXPECT_EQ(found.closed[0].partition, "p");
  EXPECT_EQ(found.closed[0].span, start.first[0].slice);
  EXPECT_FALSE(found.is_cut);
  EXPECT_TRUE(reading(1).is_cut);
  EXPECT_EQ(reading(1).slices.size(), 1u);
  EXPECT_TRUE(backend_->make_admin_store()->load_reading(connect("globex").id, posts_, 100)->slices.empty());
}

TEST_P(anchors_contract, a_slice_that_ended_early_proves_nothing_to_a_full_pass) {
  auto start = start_of(connection_, run_kind::full);
  start.passes = {{posts_, {posts_}, true, false}};
  start.edition = edition_;
  start.source_version = source_.version;
  auto run = *runs_->start_run(start);
  auto early = last_page(run, 1);
  early.move.reason = "ended early";
  ASSERT_EQ(commit_one(early), commit_status::committed);
  EXPECT_THAT(runs_->load_pass(run.run, posts_)->why_not, testing::HasSubstr("ended early"));
}

TEST_P(anchors_contract, a_sweep_reads_nothing) {
  auto start = start_of(connection_, run_kind::full);
  start.passes = {{posts_, {posts_}, true, false}};
  auto run = *runs_->start_run(start);
  size_t of_run = 0;
  for (const auto& slice : reading().slices)
    of_run += slice.run == run.run ? 1 : 0;
  EXPECT_EQ(of_run, 1u);
}

TEST_P(anchors_contract, a_reading_has_the_anchor_as_long_as_source_and_connection_are_what_they_were) {
  ASSERT_EQ(commit_one(last_page(1)), commit_status::committed);
  EXPECT_EQ(reading().anchors.size(), 1u);
  catalog_->put_source("shop", "another manifest", "v2");
  EXPECT_TRUE(reading().anchors.empty());
  catalog_->put_source("shop", "manifest", "v1");
  EXPECT_EQ(reading().anchors.size(), 1u);
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "others"));
  EXPECT_TRUE(reading().anchors.empty());
}

INSTANTIATE_TEST_SUITE_P(memory, anchors_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, anchors_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
