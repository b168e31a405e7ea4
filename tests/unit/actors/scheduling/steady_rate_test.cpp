#include "actors/scheduling/steady_rate.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

constexpr steady_rate::time_point begin{1h};

/// How many pass within `span` after `from` when somebody takes all there is room for, once every `step`.
size_t taken(steady_rate& rate, steady_rate::time_point from, std::chrono::nanoseconds span, std::chrono::nanoseconds step) {
  size_t count = 0;
  for (auto passed = 0ns; passed <= span; passed += step) {
    auto room = rate.room(from + passed);
    rate.take(room);
    count += room;
  }
  return count;
}

} // namespace

TEST(steady_rate, lets_a_grain_s_worth_through_at_once_and_then_the_rate) {
  steady_rate rate{50, 200ms};
  EXPECT_EQ(rate.room(begin), 10u);
  EXPECT_EQ(taken(rate, begin, 10s, 200ms), 510u);
}

TEST(steady_rate, holds_where_less_than_one_falls_into_a_grain) {
  for (uint32_t per_second : {1u, 2u, 3u, 4u, 7u}) {
    steady_rate rate{per_second, 200ms};
    auto count = taken(rate, begin, 100s, 200ms);
    EXPECT_LE(count, per_second * 100 + 1) << per_second;
    EXPECT_GE(count, per_second * 100 - 1) << per_second;
  }
}

TEST(steady_rate, gives_no_more_to_those_who_ask_more_often_and_no_less_to_those_who_come_a_little_late) {
  steady_rate often{100, 200ms}, late{100, 200ms};
  EXPECT_EQ(taken(often, begin, 10s, 1ms), 1020u);
  EXPECT_GE(taken(late, begin, 10s, 250ms), 1000u);
}

TEST(steady_rate, saves_little_while_nobody_asks) {
  steady_rate rate{100, 200ms};
  rate.take(rate.room(begin));
  EXPECT_EQ(rate.room(begin + 1h), 41u);
}
