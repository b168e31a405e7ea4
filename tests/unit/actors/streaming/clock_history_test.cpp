#include "actors/streaming/clock_history.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

constexpr clock_history::time_point start{100h};

} // namespace

TEST(clock_history_test, it_tells_where_the_clock_stood_then_or_a_little_earlier) {
  clock_history history;
  history.note(start, 10);
  history.note(start + 2s, 20);
  history.note(start + 3s, 25); // sooner than a step
  history.note(start + 4s, 30);
  EXPECT_EQ(history.at(start + 2s), 20);
  EXPECT_EQ(history.at(start + 3s + 999ms), 20);
  EXPECT_EQ(history.at(start + 1h), 30);
}

TEST(clock_history_test, of_times_before_the_first_note_it_knows_nothing) {
  clock_history history;
  EXPECT_EQ(history.at(start), 0);
  history.note(start, 10);
  EXPECT_EQ(history.at(start - 1ns), 0);
}

TEST(clock_history_test, it_forgets_after_an_hour) {
  clock_history history;
  history.note(start, 10);
  history.note(start + clock_history::kept + 1s, 20);
  EXPECT_EQ(history.at(start + 1min), 0);
}
