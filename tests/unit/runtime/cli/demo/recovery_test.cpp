#include <gtest/gtest.h>

#include "runtime/cli/demo/recovery.hpp"

namespace lode::demo {

namespace {

api_traffic seen(std::map<std::string, tenant_traffic> tenants) {
  api_traffic out;
  out.tenants = std::move(tenants);
  return out;
}

} // namespace

TEST(recovery, lasts_until_the_last_tenant_was_served_again) {
  recovery measured{10'000, {"a", "b"}};
  measured.observe(seen({{"a", {0, 11'000, 11'500}}, {"b", {1, 9'000, 9'100}}}));
  EXPECT_FALSE(measured.is_over());
  measured.observe(seen({{"a", {0, 15'000, 15'100}}, {"b", {0, 12'000, 12'500}}}));
  EXPECT_TRUE(measured.is_over());
  EXPECT_DOUBLE_EQ(measured.seconds(), 2.5);
}

TEST(recovery, answers_to_the_killed_node_do_not_count) {
  recovery measured{10'000, {"a"}};
  measured.observe(seen({{"a", {0, 9'990, 10'080}}}));
  EXPECT_FALSE(measured.is_over());
}

TEST(recovery, how_long_such_answers_may_come_is_for_the_caller_to_say) {
  recovery measured{10'000, {"a"}, 1'000};
  measured.observe(seen({{"a", {0, 10'010, 10'900}}}));
  EXPECT_FALSE(measured.is_over());
  measured.observe(seen({{"a", {0, 14'000, 14'100}}}));
  EXPECT_DOUBLE_EQ(measured.seconds(), 4.1);
}

TEST(recovery, a_request_without_an_answer_is_no_progress) {
  recovery measured{10'000, {"a"}};
  measured.observe(seen({{"a", {1, 11'000, 9'000}}}));
  EXPECT_FALSE(measured.is_over());
}

TEST(recovery, a_tenant_with_nothing_left_to_fetch_is_not_waited_for) {
  recovery measured{10'000, {"a"}};
  measured.is_done("a");
  EXPECT_TRUE(measured.is_over());
  EXPECT_DOUBLE_EQ(measured.seconds(), 0);
}

} // namespace lode::demo
