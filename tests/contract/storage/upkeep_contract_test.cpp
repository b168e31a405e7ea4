#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

using enum commit_status;
using std::chrono::microseconds;
using testing::ElementsAre;

namespace {

constexpr retention a_moment{microseconds{1}, microseconds{1}, microseconds{1}};

/// One pass in steps of `rows` rows; how many steps it took.
int tidy(upkeep_store& store, const retention& keep, size_t rows = 100) {
  for (int steps = 1; steps < 1000; ++steps) {
    auto has_more = store.tidy_some(keep, rows);
    if (!has_more)
      throw std::runtime_error(to_string(has_more.error()));
    if (!*has_more)
      return steps;
  }
  throw std::runtime_error("a pass does not end");
}

} // namespace

/// A run that has ended, with so many closed continuations.
class upkeep_contract : public storage_contract {
protected:
  run_id ended_run(const connection_row& connection, int continuations = 1) {
    auto start = start_of(connection, run_kind::full);
    for (int i = 1; i < continuations; ++i)
      start.first.push_back({posts_of(connection), std::to_string(i), {}, ""});
    auto run = *runs_->start_run(start);
    for (size_t i = 0; i < run.opened.size(); ++i) {
      auto last = page_of(connection, run.run, run.opened[i], 0, continuation_phase::closed);
      last.partition = start.first[i].partition;
      EXPECT_EQ(commit_one(last), committed);
    }
    return run.run;
  }

  static stream_id posts_of(const connection_row& connection) { return connection.streams.at(1).id; }

  std::vector<int64_t> runs_of(const connection_row& connection) {
    std::vector<int64_t> out;
    auto listed = runs_->list_runs(connection.id, 100);
    for (const auto& run : *listed)
      out.push_back(run.run.value);
    return out;
  }

  std::unique_ptr<upkeep_store> upkeep_ = backend_->make_upkeep_store();
};

TEST_P(upkeep_contract, ended_runs_go_when_they_are_old_but_open_ones_and_the_latest_of_each_connection_stay) {
  auto other = connect("globex");
  auto first = ended_run(other);
  ended_run(connection_);
  auto latest = ended_run(other);
  auto last = ended_run(connection_);
  tidy(*upkeep_, a_moment);
  EXPECT_THAT(runs_of(other), ElementsAre(latest.value));
  EXPECT_THAT(runs_of(connection_), ElementsAre(last.value, run_.value)) << "the first one is still open";
  EXPECT_EQ(code_of(runs_->load_run(first).error()), errc::not_found);
  EXPECT_EQ(commit_one(page(0)), committed);
}

TEST_P(upkeep_contract, what_is_younger_than_wanted_stays_and_zero_keeps_for_ever) {
  ended_run(connection_);
  ended_run(connection_);
  auto dead = page(0);
  dead.dead = {{"k", "text", "no key", {}}};
  ASSERT_EQ(commit_one(dead), committed);
  constexpr std::chrono::hours day{24};
  tidy(*upkeep_, {day, day, day});
  tidy(*upkeep_, {});
  EXPECT_EQ(runs_of(connection_).size(), 3u);
  EXPECT_EQ(backend_->dead_letters(posts_), 1);
}

TEST_P(upkeep_contract, a_run_of_many_slices_goes_in_small_steps_and_never_without_them) {
  auto many = ended_run(connection_, 10);
  ended_run(connection_);
  auto has_more = upkeep_->tidy_some(a_moment, 4);
  ASSERT_TRUE(has_more && *has_more);
  EXPECT_EQ(runs_->load_run(many)->counters.pages, 6) << "four of its ten slices are gone, it is not";
  EXPECT_GE(tidy(*upkeep_, a_moment, 4), 2);
  EXPECT_EQ(code_of(runs_->load_run(many).error()), errc::not_found);
}

TEST_P(upkeep_contract, dead_letters_go_when_they_are_old_oldest_first) {
  auto dead = page(0);
  for (int i = 0; i < 5; ++i)
    dead.dead.push_back({"k" + std::to_string(i), "text", "no key", {}});
  ASSERT_EQ(commit_one(dead), committed);
  retention keep;
  keep.dead_letters = microseconds{1};
  EXPECT_GE(tidy(*upkeep_, keep, 2), 3);
  EXPECT_EQ(backend_->dead_letters(posts_), 0);
  EXPECT_TRUE(backend_->make_admin_store()->list_dead_letters(connection_.tenant, 0, 10)->empty());
}

TEST_P(upkeep_contract, the_feed_of_this_week_stays_whatever_is_wanted) {
  ASSERT_EQ(commit_one(page_with(0, {insert("a", 1)})), committed);
  tidy(*upkeep_, a_moment);
  EXPECT_EQ(feed().size(), 1u);
}

TEST_P(upkeep_contract, the_end_of_the_feed_is_where_a_new_reader_begins) {
  EXPECT_EQ(*catalog_->feed_end(connection_.shard), 0);
  ASSERT_EQ(commit_one(page_with(0, {insert("a", 1), insert("b", 2)})), committed);
  EXPECT_EQ(*catalog_->feed_end(connection_.shard), 2);
  EXPECT_EQ(code_of(catalog_->feed_end({99'999}).error()), errc::not_found);
}

INSTANTIATE_TEST_SUITE_P(memory, upkeep_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, upkeep_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
