#include "actors/supervision/restart_budget.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

using clock_point = std::chrono::steady_clock::time_point;
constexpr restart_limits limits{3, 1min, 100ms, 300ms};

} // namespace

TEST(restart_budget_test, backoff_doubles_up_to_its_bound) {
  restart_budget<clock_point> budget{limits};
  clock_point now{};
  EXPECT_EQ(budget.spend(now), 100ms);
  EXPECT_EQ(budget.spend(now), 200ms);
  EXPECT_EQ(budget.spend(now), 300ms);
}

TEST(restart_budget_test, the_failure_after_the_last_allowed_one_is_refused) {
  restart_budget<clock_point> budget{limits};
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(budget.spend({}));
  EXPECT_FALSE(budget.spend({}));
}

TEST(restart_budget_test, failures_are_forgotten_after_the_window) {
  restart_budget<clock_point> budget{limits};
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(budget.spend({}));
  EXPECT_EQ(budget.spend(clock_point{} + 61s), 100ms);
}
