#include "actors/scheduling/quota_table.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

using limits = std::vector<quota_limit>;
constexpr quota_table::time_point start{std::chrono::hours{1}};

} // namespace

TEST(quota_table_test, a_budget_grants_its_requests_and_then_says_how_long_to_wait) {
  quota_table table;
  limits one{{"a", 2, 1s}};
  EXPECT_EQ(table.take(one, start), 0ns);
  EXPECT_EQ(table.take(one, start), 0ns);
  EXPECT_EQ(table.take(one, start), 500ms);
  EXPECT_EQ(table.take(one, start + 500ms), 0ns);
}

TEST(quota_table_test, one_budget_cannot_spend_the_quota_of_another) {
  quota_table table;
  limits a{{"a", 1, 1s}};
  limits b{{"b", 1, 1s}};
  EXPECT_EQ(table.take(a, start), 0ns);
  EXPECT_GT(table.take(a, start), 0ns);
  EXPECT_EQ(table.take(b, start), 0ns);
}

TEST(quota_table_test, a_request_that_one_budget_refuses_spends_nothing_of_the_others) {
  quota_table table;
  limits both{{"small", 1, 1s}, {"large", 2, 1s}};
  EXPECT_EQ(table.take(both, start), 0ns);
  EXPECT_GT(table.take(both, start), 0ns);
  EXPECT_EQ(table.take(limits{{"large", 2, 1s}}, start), 0ns);
}

TEST(quota_table_test, a_pause_holds_and_is_never_shortened) {
  quota_table table;
  limits a{{"a", 0, 0s}};
  table.pause("a", start + 10s);
  table.pause("a", start + 2s);
  EXPECT_EQ(table.take(a, start), 10s);
  EXPECT_EQ(table.take(a, start + 10s), 0ns);
}

TEST(quota_table_test, a_pause_is_seen_without_taking_anything_and_one_that_is_over_is_none) {
  quota_table table;
  limits both{{"a", 0, 0s}, {"b", 1, 1s}};
  table.pause("a", start + 10s);
  EXPECT_EQ(table.pause_of(both, start), 10s);
  EXPECT_EQ(table.pause_of(both, start + 11s), 0s);
  EXPECT_EQ(table.take(both, start + 11s), 0ns) << "b still has its request";
}

TEST(quota_table_test, a_budget_without_a_number_is_kept_only_while_it_is_paused) {
  quota_table table;
  EXPECT_EQ(table.take(limits{{"a", 0, 0s}}, start), 0ns);
  EXPECT_EQ(table.size(), 0u);
}

TEST(quota_table_test, tokens_never_exceed_the_declared_number_however_long_nothing_was_asked) {
  quota_table table;
  limits a{{"a", 2, 1s}};
  ASSERT_EQ(table.take(a, start), 0ns);
  EXPECT_EQ(table.take(a, start + 1h), 0ns);
  EXPECT_EQ(table.take(a, start + 1h), 0ns);
  EXPECT_GT(table.take(a, start + 1h), 0ns);
}

TEST(quota_table_test, budgets_that_are_full_and_not_paused_are_forgotten) {
  quota_table table;
  for (int i = 0; i < 100; ++i)
    (void)table.take(limits{{std::to_string(i), 0, 0s}}, start);
  table.pause("7", start + 1h);
  table.forget_idle(start + 2min);
  EXPECT_EQ(table.size(), 1u);
}
