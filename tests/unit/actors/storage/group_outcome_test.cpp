#include "actors/storage/group_outcome.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace lode;

namespace {

std::optional<group_outcome> outcome(const std::vector<commit_status>& statuses) {
  std::vector<page_outcome> pages(statuses.size());
  for (size_t i = 0; i < pages.size(); ++i)
    pages[i].status = statuses[i];
  return outcome_of(pages);
}

record_change change(change_kind kind, std::string key) {
  return {kind, std::move(key), "{}", {}, {}};
}

} // namespace

TEST(group_outcome_test, a_group_is_committed_only_when_all_of_it_is) {
  using enum commit_status;
  EXPECT_EQ(outcome({committed, committed}), group_outcome::committed);
  EXPECT_EQ(outcome({again, refused_version}), group_outcome::refused);
  EXPECT_EQ(outcome({refused_fence, again}), group_outcome::refused);
  EXPECT_EQ(outcome({data_error, data_error}), group_outcome::split);
  EXPECT_EQ(outcome({timed_out, timed_out}), group_outcome::split);
  EXPECT_EQ(outcome({timed_out}), group_outcome::timed_out);
  EXPECT_EQ(outcome({unavailable}), group_outcome::unavailable);
  EXPECT_EQ(outcome({unknown, unknown}), group_outcome::unknown);
}

TEST(group_outcome_test, a_lost_answer_that_means_that_nothing_was_written_is_no_outcome) {
  EXPECT_FALSE(outcome({commit_status::again, commit_status::again}).has_value());
}

TEST(group_outcome_test, what_the_database_refused_counts_as_dead_and_each_change_once) {
  page_commit page;
  page.changes = {change(change_kind::inserted, "a"), change(change_kind::updated, "a"), change(change_kind::inserted, "b")};
  page.counters.inserted = 2;
  page.counters.updated = 1;
  page.counters.dead = 5;
  page_outcome said;
  said.dead_lettered = {"a", "a"};
  auto counters = counters_after(page, said);
  EXPECT_EQ(counters.inserted, 1);
  EXPECT_EQ(counters.updated, 0);
  EXPECT_EQ(counters.dead, 7);
}
