#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/terminal/keys.hpp"

using namespace lode;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(keys_test, letters_arrows_and_pages_are_known) {
  EXPECT_THAT(keys_of("qwlnr"), ElementsAre(key::quit, key::worst, key::lateness, key::name, key::rate));
  EXPECT_THAT(keys_of("\x1b[A\x1b[B\x1bOA\x1bOB"), ElementsAre(key::up, key::down, key::up, key::down));
  EXPECT_THAT(keys_of("\x1b[5~\x1b[6~ \x1b[H\x1b[4~"), ElementsAre(key::page_up, key::page_down, key::page_down, key::home, key::end));
  EXPECT_THAT(keys_of("\x03\x1a"), ElementsAre(key::quit, key::stop));
}

TEST(keys_test, sequences_that_are_not_known_are_no_letters) {
  EXPECT_THAT(keys_of("\x1b[1;5q"), IsEmpty()) << "its last letter is no q";
  EXPECT_THAT(keys_of("\x1bOq"), IsEmpty());
  EXPECT_THAT(keys_of("\x1b[200"), IsEmpty()) << "cut off";
  EXPECT_THAT(keys_of("\x1b"), IsEmpty());
  EXPECT_THAT(keys_of("x\xff"), IsEmpty());
}

TEST(keys_test, scrolling_ends_at_both_ends) {
  EXPECT_EQ(scrolled(0, key::up, 10, 100), 0u);
  EXPECT_EQ(scrolled(0, key::down, 10, 100), 1u);
  EXPECT_EQ(scrolled(85, key::page_down, 10, 100), 90u);
  EXPECT_EQ(scrolled(5, key::page_up, 10, 100), 0u);
  EXPECT_EQ(scrolled(0, key::end, 10, 100), 90u);
  EXPECT_EQ(scrolled(50, key::home, 10, 100), 0u);
  EXPECT_EQ(scrolled(50, key::name, 10, 100), 0u) << "another order begins at its beginning";
  EXPECT_EQ(scrolled(95, key::none, 10, 40), 30u) << "there are fewer now";
  EXPECT_EQ(scrolled(0, key::down, 10, 3), 0u);
  EXPECT_EQ(scrolled(0, key::down, 0, 0), 0u);
}

TEST(keys_test, an_order_stays_until_a_key_asks_for_another) {
  EXPECT_EQ(order_of(key::rate, connection_order::worst), connection_order::rate);
  EXPECT_EQ(order_of(key::up, connection_order::rate), connection_order::rate);
}
