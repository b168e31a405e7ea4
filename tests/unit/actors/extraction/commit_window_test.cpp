#include "actors/extraction/commit_window.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

commit_window::page page_at(int64_t version, uint64_t bytes = 10) {
  return {version, bytes, {}};
}

} // namespace

TEST(commit_window_test, has_room_for_as_many_pages_as_it_is_wide) {
  commit_window window{2, false};
  window.add(page_at(1));
  EXPECT_TRUE(window.has_room());
  window.add(page_at(2));
  EXPECT_FALSE(window.has_room());
}

TEST(commit_window_test, pages_below_the_version_that_the_writer_names_leave_oldest_first) {
  commit_window window{4, false};
  for (int64_t version : {1, 2, 3})
    window.add(page_at(version));
  window.committed(3);
  auto left = window.take_committed();
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0].version, 1);
  EXPECT_EQ(left[1].version, 2);
  EXPECT_EQ(window.size(), 1u);
}

TEST(commit_window_test, a_page_that_is_added_after_the_writer_spoke_of_it_leaves_at_once) {
  commit_window window{4, false};
  window.committed(2);
  window.add(page_at(1));
  EXPECT_EQ(window.take_committed().size(), 1u);
  EXPECT_TRUE(window.empty());
}

TEST(commit_window_test, a_careful_one_takes_a_page_at_a_time_until_as_many_as_it_is_wide_are_committed) {
  commit_window window{2, true};
  for (int64_t version : {1, 2}) {
    EXPECT_TRUE(window.has_room());
    window.add(page_at(version));
    EXPECT_FALSE(window.has_room());
    window.committed(version + 1);
    window.take_committed();
  }
  window.add(page_at(3));
  EXPECT_TRUE(window.has_room());
}

TEST(commit_window_test, what_was_booked_for_a_refused_page_is_given_back_once) {
  commit_window window{4, false};
  window.add(page_at(1, 10));
  window.add(page_at(2, 20));
  EXPECT_EQ(window.unbook_oldest(), 10u);
  uint64_t left = 0;
  for (const auto& page : window.take_all())
    left += page.bytes;
  EXPECT_EQ(left, 20u);
  EXPECT_TRUE(window.empty());
}
