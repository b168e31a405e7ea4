#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/demo/takeover.hpp"

namespace lode::demo {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

api_traffic traffic(int64_t now, std::map<std::string, tenant_traffic> tenants = {}) {
  api_traffic out;
  out.now = now;
  out.tenants = std::move(tenants);
  return out;
}

const cluster_shown unaware{{{"n1", "member", 2, true}, {"n2", "member", 1, false}}, 3, 0};
const cluster_shown aware{{{"n1", "member", 2, true}}, 3, 1};
const cluster_shown replaced{{{"n1", "member", 3, true}}, 3, 0};

} // namespace

TEST(takeover, is_told_step_by_step_and_each_step_once) {
  takeover seen{"n2", 10'000, {"a"}};
  EXPECT_THAT(seen.observe(traffic(12'000), unaware), IsEmpty());
  EXPECT_THAT(seen.observe(traffic(14'500), aware), ElementsAre("n2 is declared gone 4.5 s after the kill"));
  EXPECT_THAT(seen.observe(traffic(14'700), aware), IsEmpty());
  EXPECT_THAT(seen.observe(traffic(15'600), replaced), ElementsAre("all its shards have other owners 5.6 s after the kill: n1 3"));
  EXPECT_FALSE(seen.is_over());
  EXPECT_THAT(seen.observe(traffic(16'500, {{"a", {0, 16'200, 16'300}}}), replaced), IsEmpty());
  EXPECT_TRUE(seen.is_over());
  EXPECT_DOUBLE_EQ(seen.seconds(), 6.3);
}

TEST(takeover, without_tenants_in_mid_run_lasts_until_the_last_shard_has_another_owner) {
  takeover seen{"n2", 10'000, {}};
  seen.observe(traffic(14'500), aware);
  EXPECT_FALSE(seen.is_over());
  seen.observe(traffic(15'600), replaced);
  EXPECT_TRUE(seen.is_over());
  EXPECT_DOUBLE_EQ(seen.seconds(), 5.6);
}

TEST(takeover, answers_to_the_dead_node_are_no_take_over) {
  takeover seen{"n2", 10'000, {"a"}};
  seen.observe(traffic(15'600, {{"a", {0, 10'050, 10'900}}}), replaced);
  EXPECT_FALSE(seen.is_over());
  seen.is_done("a");
  EXPECT_TRUE(seen.is_over());
}

TEST(takeover, the_dead_node_is_shown_with_the_tenants_that_wait) {
  takeover seen{"n2", 10'000, {"a", "b", "c", "d"}};
  seen.is_done("a");
  node_line line{"n2", false};
  seen.describe(line, 13'200);
  EXPECT_EQ(line.fate, "killed 3.2 s");
  EXPECT_EQ(line.tenants_waiting, "3 of 4 wait");
  EXPECT_DOUBLE_EQ(line.share_waiting, 0.75);
}

TEST(takeover, tenants_are_counted_by_node) {
  EXPECT_EQ(count_by_node({{"a", "n1"}, {"b", "n2"}, {"c", "n1"}, {"d", ""}}), "n1 2, n2 1, nobody 1");
}

} // namespace lode::demo
