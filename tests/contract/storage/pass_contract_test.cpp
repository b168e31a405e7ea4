#include "tests/contract/storage/storage_contract.hpp"

/// Whether a parent may be read from its cursor: only as long as nothing below what the cursor has passed is owed.
namespace lode::test {

namespace {

constexpr auto closed = continuation_phase::closed;

} // namespace

/// A pass of `comments` below `posts`, which the first run completes.
class pass_contract : public storage_contract {
protected:
  pass_contract() {
    begin_pass(run_);
    EXPECT_FALSE(pass().is_sound) << "it is under way";
    read({run_, {continuation_}}, closed);
  }

  full_pass_row pass() { return runs_->load_full_passes(connection_.id)->at(0); }

  void begin_pass(run_id run) {
    EXPECT_FALSE(runs_->begin_full_passes(run, at_day(3), {{comments_, {comments_, posts_}}}));
  }

  started_run begin(run_kind kind = run_kind::scheduled) { return *runs_->start_run(start_of(connection_, kind)); }

  /// A page of posts that opens a partition of comments; its id.
  continuation_id read_first(const started_run& run) {
    auto first = page_of(connection_, run.run, run.opened.at(0), 0);
    first.opens = {{comments_, "c", {}, ""}};
    return commit({first})[0].opened.at(0);
  }

  /// The end of both; that of the comments so.
  void read_rest(const started_run& run, continuation_id child, continuation_phase child_ends) {
    auto last = page_of(connection_, run.run, child, 0, child_ends);
    last.stream = comments_;
    last.partition = "c";
    commit({last, page_of(connection_, run.run, run.opened.at(0), 1, closed)});
  }

  void read(const started_run& run, continuation_phase child_ends) { read_rest(run, read_first(run), child_ends); }
};

TEST_P(pass_contract, a_pass_is_sound_while_runs_read_all_that_they_open_of_what_it_needs) {
  EXPECT_TRUE(pass().is_sound);
  EXPECT_EQ(pass().needs, (std::vector<stream_id>{comments_, posts_}));
  for (int times = 0; times < 2; ++times) {
    auto run = begin();
    EXPECT_FALSE(pass().is_sound) << "what is open may still fail";
    read(run, closed);
    EXPECT_TRUE(pass().is_sound);
  }
}

TEST_P(pass_contract, a_child_that_failed_makes_it_unsound_until_a_pass_is_complete_again) {
  read(begin(), continuation_phase::failed);
  EXPECT_FALSE(pass().is_sound);
  read(begin(), closed);
  EXPECT_FALSE(pass().is_sound) << "the run after it did not read what had failed";
  EXPECT_EQ(pass().completed, at_day(3));
  auto again = begin();
  begin_pass(again.run);
  read(again, closed);
  EXPECT_TRUE(pass().is_sound);
}

TEST_P(pass_contract, a_pass_that_fails_is_not_sound_though_one_before_it_was) {
  auto run = begin();
  begin_pass(run.run);
  read(run, continuation_phase::failed);
  EXPECT_FALSE(pass().is_sound);
  read(begin(), closed);
  EXPECT_FALSE(pass().is_sound);
}

TEST_P(pass_contract, a_run_that_is_cancelled_before_its_children_are_read_makes_it_unsound) {
  auto run = begin();
  read_first(run);
  commit({page_of(connection_, run.run, run.opened.at(0), 1, closed)});
  ASSERT_FALSE(runs_->cancel_run(run.run, "by hand"));
  EXPECT_FALSE(pass().is_sound);
}

TEST_P(pass_contract, a_run_beside_it_that_is_open_counts_when_it_has_ended) {
  auto scheduled = begin();
  auto child = read_first(scheduled);
  auto manual = begin(run_kind::manual);
  read(manual, closed);
  EXPECT_FALSE(pass().is_sound);
  read_rest(scheduled, child, closed);
  EXPECT_TRUE(pass().is_sound);
}

TEST_P(pass_contract, what_it_does_not_need_may_fail) {
  auto run = begin();
  EXPECT_FALSE(runs_->begin_full_passes(run.run, at_day(4), {{posts_, {posts_}}}));
  read(run, closed);
  read(begin(), continuation_phase::failed);
  auto passes = *runs_->load_full_passes(connection_.id);
  ASSERT_EQ(passes.size(), 2u);
  for (const auto& each : passes)
    EXPECT_EQ(each.is_sound, each.stream == posts_);
}

TEST_P(pass_contract, a_stream_that_is_chosen_anew_has_no_pass) {
  auto streams = connection_.streams;
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_TRUE(pass().completed) << "chosen all the time";
  connection_.streams = {streams.at(1)};
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_TRUE(pass().completed);
  connection_.streams = streams;
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_TRUE(runs_->load_full_passes(connection_.id)->empty());
}

INSTANTIATE_TEST_SUITE_P(memory, pass_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, pass_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
