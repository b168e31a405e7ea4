#include "actors/extraction/byte_budget.hpp"
#include "actors/extraction/voided_pages.hpp"

#include <gtest/gtest.h>

using namespace lode;

TEST(byte_budget_test, head_pages_may_use_all_of_it_and_pages_ahead_half) {
  byte_budget budget{100};
  EXPECT_TRUE(budget.reserve(50, true));
  EXPECT_FALSE(budget.reserve(1, true));
  EXPECT_TRUE(budget.reserve(50, false));
  EXPECT_FALSE(budget.reserve(1, false));
}

TEST(byte_budget_test, a_head_page_larger_than_the_budget_passes_alone_so_that_nothing_deadlocks) {
  byte_budget budget{100};
  EXPECT_TRUE(budget.reserve(1000, false));
  EXPECT_FALSE(budget.reserve(1, false));
  budget.give_back(1000);
  EXPECT_TRUE(budget.reserve(1, false));
}

TEST(byte_budget_test, what_is_already_here_is_booked_beyond_the_budget_and_nothing_more_is_granted_until_it_is_gone) {
  byte_budget budget{100};
  ASSERT_TRUE(budget.reserve(10, false));
  budget.correct(10, 500);
  EXPECT_EQ(budget.used(), 500u);
  EXPECT_FALSE(budget.reserve(1, false));
  budget.correct(500, 20);
  EXPECT_TRUE(budget.reserve(80, false));
}

TEST(byte_budget_test, giving_back_more_than_is_used_leaves_zero) {
  byte_budget budget{100};
  ASSERT_TRUE(budget.reserve(10, false));
  budget.give_back(50);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(voided_pages, each_gives_its_bytes_back_once_in_the_order_of_its_generation) {
  voided_pages pages;
  pages.add(1, 10);
  pages.add(1, 20);
  pages.add(2, 30);
  EXPECT_EQ(pages.leave(2), 30u);
  EXPECT_EQ(pages.leave(1), 10u);
  EXPECT_EQ(pages.leave(1), 20u);
  EXPECT_EQ(pages.leave(1), 0u);
  EXPECT_EQ(pages.leave(7), 0u) << "never booked";
}

TEST(voided_pages, those_that_are_lost_give_back_what_is_left_at_once) {
  voided_pages pages;
  pages.add(1, 10);
  pages.add(2, 30);
  EXPECT_EQ(pages.leave(1), 10u);
  EXPECT_EQ(pages.leave_all(), 30u);
  EXPECT_EQ(pages.leave(2), 0u);
}
