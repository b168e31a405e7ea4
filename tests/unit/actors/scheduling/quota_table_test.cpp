#include "actors/scheduling/quota_table.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

using limits = std::vector<quota_limit>;
constexpr quota_table::time_point start{std::chrono::hours{1}};

struct quota_table_test : testing::Test {
  /// Lets a request go, or says how long it waits.
  std::chrono::nanoseconds take(const limits& of, quota_table::time_point now) {
    auto hold = table.hold_of(of, now);
    if (hold.wait == 0ns)
      table.spend(of, now);
    return hold.wait;
  }
  quota_table table{shared_quota{false, 1, start}};
};

} // namespace

TEST_F(quota_table_test, requests_of_a_budget_are_spread_over_its_span) {
  limits one{{"a", 2, 1s}};
  EXPECT_EQ(take(one, start), 520ms) << "another life of this node may have used it a moment ago";
  EXPECT_EQ(take(one, start + 520ms), 0ns);
  EXPECT_EQ(take(one, start + 520ms), 520ms);
  EXPECT_EQ(take(one, start + 1040ms), 0ns);
}

TEST_F(quota_table_test, one_budget_cannot_spend_the_quota_of_another) {
  limits a{{"a", 1, 1s}};
  limits b{{"b", 1, 1s}};
  take(a, start), take(b, start);
  EXPECT_EQ(take(a, start + 2s), 0ns);
  EXPECT_GT(take(a, start + 2s), 0ns);
  EXPECT_EQ(take(b, start + 2s), 0ns);
}

TEST_F(quota_table_test, a_request_that_one_budget_refuses_spends_nothing_of_the_others) {
  limits both{{"small", 1, 1s}, {"large", 2, 1s}};
  take(both, start);
  EXPECT_EQ(table.hold_of(both, start).budget, "small");
  EXPECT_GT(take(both, start + 900ms), 0ns);
  EXPECT_EQ(take(limits{{"large", 2, 1s}}, start + 900ms), 0ns);
}

TEST_F(quota_table_test, a_shared_budget_is_divided_by_the_nodes) {
  limits all{{"a", 20, 10s, true}};
  table.shared().set_nodes(2, start);
  EXPECT_EQ(take(all, start), 250ms) << "it is looked at again: there may be fewer nodes";
  EXPECT_GT(take(all, start + 1039ms), 0ns);
  EXPECT_EQ(take(all, start + 1040ms), 0ns);
}

TEST_F(quota_table_test, a_pause_holds_and_is_never_shortened) {
  limits a{{"a", 0, 0s}};
  table.pause("a", start + 10s);
  table.pause("a", start + 2s);
  EXPECT_EQ(take(a, start), 10s);
  EXPECT_EQ(take(a, start + 10s), 0ns);
}

TEST_F(quota_table_test, a_budget_without_a_number_is_kept_only_while_it_is_paused) {
  EXPECT_EQ(take(limits{{"a", 0, 0s}}, start), 0ns);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(quota_table_test, a_long_idle_budget_does_not_let_a_burst_out) {
  limits a{{"a", 2, 1s}};
  take(a, start);
  EXPECT_EQ(take(a, start + 1h), 0ns);
  EXPECT_GT(take(a, start + 1h), 0ns) << "two now and one in half a second would be three in a second";
}

TEST_F(quota_table_test, budgets_that_were_not_used_for_a_day_and_pauses_that_are_over_are_forgotten) {
  for (int i = 0; i < 100; ++i)
    take(limits{{std::to_string(i), 1, 1s}}, start);
  table.pause("7", start + 30h);
  table.pause("8", start + 1h);
  table.forget_idle(start + 23h);
  EXPECT_EQ(table.size(), 101u);
  table.forget_idle(start + 25h);
  EXPECT_EQ(table.size(), 1u);
}

TEST_F(quota_table_test, a_budget_whose_turns_are_more_than_a_day_apart_is_used) {
  limits slow{{"a", 1, 72h}};
  EXPECT_GT(take(slow, start), 72h);
  for (auto now = start; now < start + 80h; now += 1h)
    table.forget_idle(now);
  EXPECT_EQ(take(slow, start + 80h), 0ns);
  table.forget_idle(start + 240h);
  EXPECT_EQ(table.size(), 0u);
}
