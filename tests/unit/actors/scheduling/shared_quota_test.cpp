#include "actors/scheduling/shared_quota.hpp"

#include <gtest/gtest.h>

#include "tests/support/turn_ledger.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

using time_point = shared_quota::time_point;
constexpr time_point start{1h};
const turn_rule rule{10, 10s}; // a turn every 1.04 s, to be used within 0.4 s

bool is_free(shared_quota& quota, time_point now) {
  return quota.earliest("b", rule, now) <= now;
}

/// Uses all that can be used from `from` on; looks every 10 ms.
uint32_t use(shared_quota& quota, time_point from, std::chrono::nanoseconds span) {
  uint32_t used = 0;
  for (auto now = from; now < from + span; now += 10ms)
    for (; is_free(quota, now); ++used)
      quota.spend("b", rule, now);
  return used;
}

size_t one(const std::string&) {
  return 1;
}

/// Asks Redis once; false: there was no answer.
bool ask(shared_quota& quota, const std::string& node, turn_ledger* redis, time_point now) {
  auto order = quota.order(one, now);
  auto answer = redis ? redis->lease(node, *order, now) : std::nullopt;
  answer ? quota.leased(*answer) : quota.failed(now);
  return answer.has_value();
}

void join(shared_quota& quota, const std::string& node, turn_ledger& redis, time_point now) {
  is_free(quota, now); // makes the budget known
  ask(quota, node, &redis, now);
  ask(quota, node, &redis, now);
  ASSERT_FALSE(quota.is_fallback());
}

} // namespace

TEST(turn_rule_test, no_span_sees_more_than_the_budget_and_nearly_all_of_it_can_be_used) {
  for (uint32_t requests : {1u, 2u, 3u, 7u, 100u}) {
    turn_rule each{requests, 1s};
    timetable table{start};
    std::vector<time_point> used;
    for (auto now = start; now < start + 30s; now += now < start + 10s ? 3ms : 35ms) // idle for a while, then in a hurry
      for (; (now < start + 8s || now > start + 12s) && table.next(each, requests, now) <= now; used.push_back(now))
        table.take(each, requests, now);
    EXPECT_EQ(first_over_budget(used, requests, 1s), used.size()) << requests;
    EXPECT_GT(used.size(), requests * 26 * 94 / 100) << requests;
  }
}

TEST(shared_quota_test, without_Redis_a_node_takes_its_part) {
  shared_quota quota{false, 1, start};
  EXPECT_EQ(use(quota, start, 104s), 99u);
  quota.set_nodes(5, start + 104s);
  EXPECT_EQ(use(quota, start + 104s, 104s), 20u);
  EXPECT_FALSE(quota.order(one, start + 208s));
}

TEST(shared_quota_test, a_budget_with_fewer_requests_than_nodes_is_not_used_without_Redis) {
  shared_quota quota{false, 1, start};
  quota.set_nodes(11, start);
  EXPECT_EQ(use(quota, start, 100s), 0u);
}

TEST(shared_quota_test, a_share_shrinks_at_once_and_grows_when_it_is_sure_that_there_are_fewer_nodes) {
  shared_quota quota{false, 2, start};
  quota.set_nodes(4, start);
  EXPECT_EQ(quota.nodes(), 4u);
  quota.set_nodes(1, start + 1s);
  quota.set_nodes(4, start + 3s);
  quota.set_nodes(1, start + 7s);
  EXPECT_EQ(quota.nodes(), 4u);
  quota.set_nodes(1, start + 8s);
  EXPECT_EQ(quota.nodes(), 1u);
}

TEST(shared_quota_test, a_node_that_starts_beside_others_waits_until_they_know_of_it) {
  shared_quota quota{false, 2, start};
  EXPECT_EQ(use(quota, start, shared_quota::settle), 0u);
  EXPECT_GT(use(quota, start + shared_quota::settle, 10s), 0u);
}

TEST(shared_quota_test, a_node_that_starts_beside_others_takes_nothing_from_Redis_either_until_they_know_of_it) {
  turn_ledger redis;
  shared_quota quota{true, 2, start};
  ASSERT_TRUE(ask(quota, "n1", &redis, start));
  EXPECT_EQ(quota.order(one, start + 4s)->step, lease_step::look) << "one that does without Redis may still use all of it";
  EXPECT_EQ(quota.order(one, start + 5s)->step, lease_step::join);
}

TEST(shared_quota_test, a_node_uses_what_Redis_handed_out_and_nothing_else) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  join(quota, "n1", redis, start);
  EXPECT_EQ(use(quota, start, 10s), 0u) << "a budget that is new in Redis begins empty";
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 10s));
  EXPECT_EQ(use(quota, start + 10s, 10s), 1u);
  quota.failed(start + 20s);
  EXPECT_TRUE(quota.is_fallback());
}

TEST(shared_quota_test, a_turn_that_was_not_used_in_time_is_lost) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  join(quota, "n1", redis, start);
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 10s));
  ASSERT_TRUE(is_free(quota, start + 10s));
  EXPECT_FALSE(is_free(quota, start + 11s));
}

TEST(shared_quota_test, Redis_keeps_back_the_part_of_those_who_do_not_ask_it) {
  turn_ledger redis;
  shared_quota quota{true, 2, start - shared_quota::settle};
  join(quota, "n1", redis, start);
  uint32_t used = 0;
  for (auto now = start; now < start + 10s + 104s; now += 200ms) {
    ask(quota, "n1", &redis, now);
    auto more = use(quota, now, 200ms);
    used += now < start + 10s ? 0 : more; // a budget that is new in Redis begins with turns given up
  }
  EXPECT_LE(used, 50u);
  EXPECT_GE(used, 48u);
}

TEST(shared_quota_test, who_loses_Redis_beside_others_takes_its_part_only_when_Redis_has_kept_it_back) {
  turn_ledger redis;
  shared_quota quota{true, 2, start - shared_quota::settle};
  join(quota, "n1", redis, start);
  ask(quota, "n1", nullptr, start + 1s);
  auto surely = start + 1s + shared_quota::order_holds + turn_lease::presence + turn_lease::lookahead;
  EXPECT_EQ(use(quota, start + 1s, surely - (start + 1s)), 0u);
  EXPECT_GT(use(quota, surely, 10s), 0u);
}

TEST(shared_quota_test, who_comes_back_to_Redis_stops_using_its_part_before_it_says_so) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  use(quota, start, 10s);
  auto look = quota.order(one, start + 10s);
  EXPECT_EQ(look->step, lease_step::look);
  EXPECT_EQ(use(quota, start + 10s, 3s), 3u) << "a mere look changes nothing";
  quota.leased(*redis.lease("n1", *look, start + 10s));
  auto order = quota.order(one, start + 13s);
  EXPECT_EQ(order->step, lease_step::join);
  EXPECT_EQ(use(quota, start + 13s, 10s), 0u);
}

TEST(shared_quota_test, an_order_that_comes_too_late_has_no_effect) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  auto order = quota.order(one, start);
  EXPECT_FALSE(redis.lease("n1", *order, start + shared_quota::order_holds + 1ms));
}

TEST(shared_quota_test, what_a_node_that_is_gone_may_have_used_counts_for_the_span_of_the_slowest_budget) {
  const turn_rule monthly{1'000, 30 * 24h};
  turn_ledger redis;
  shared_quota quota{true, 3, start};
  quota.earliest("m", monthly, start);
  quota.set_nodes(2, start + 1h);
  quota.set_nodes(1, start + 49h);
  ask(quota, "n1", &redis, start + 49h);
  auto order = quota.order(one, start + 49h + 1s);
  ASSERT_EQ(order->wanted.size(), 1u);
  EXPECT_EQ(order->wanted[0].others, 3u) << "two that are gone, and one whose place this one may have taken";
}

TEST(shared_quota_test, a_pause_is_told_once_and_heard_by_the_others) {
  turn_ledger redis;
  shared_quota first{true, 2, start - shared_quota::settle};
  shared_quota second{true, 2, start - shared_quota::settle};
  join(first, "n1", redis, start);
  join(second, "n2", redis, start);
  first.pause("b", start + 1min);
  ASSERT_TRUE(ask(first, "n1", &redis, start + 1s));
  auto heard = redis.lease("n2", *second.order(one, start + 1s), start + 1s);
  ASSERT_EQ(heard->pauses.size(), 1u);
  EXPECT_EQ(heard->pauses[0].until, start + 1min);
  EXPECT_TRUE(first.order(one, start + 2s)->pauses.empty());
}

TEST(shared_quota_test, a_lone_request_of_an_idle_fast_budget_gets_a_turn_that_is_not_stale_when_the_answer_is_there) {
  const turn_rule fast{100, 1s};
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  join(quota, "n1", redis, start);
  auto now = start + 10s;
  ASSERT_GT(quota.earliest("fast", fast, now), now);
  for (int i = 0; i < 20 && quota.earliest("fast", fast, now) > now; ++i) {
    now += 250ms;
    auto order = quota.order(one, now);
    auto answer = redis.lease("n1", *order, now + 1ms, 1ms);
    ASSERT_TRUE(answer);
    now += 2ms;
    quota.leased(*answer);
  }
  EXPECT_LE(quota.earliest("fast", fast, now), now);
}

namespace {

/// Lets a node live beside a Redis that answers each look and refuses to hand out turns; returns how many requests it let go.
uint32_t use_beside_refusing_redis(shared_quota& quota, const turn_rule& of, std::chrono::seconds span) {
  uint32_t used = 0;
  for (auto now = start; now < start + span; now += 500ms) {
    auto order = quota.order(one, now);
    order->step == lease_step::look ? quota.leased({}) : quota.failed(now);
    for (; quota.earliest("b", of, now) <= now; ++used)
      quota.spend("b", of, now);
  }
  return used;
}

} // namespace

TEST(shared_quota_test, a_Redis_that_answers_and_refuses_to_hand_out_turns_leaves_each_node_most_of_its_share) {
  shared_quota quota{true, 2, start - shared_quota::settle};
  EXPECT_GT(use_beside_refusing_redis(quota, rule, 10min), 200u) << "of 288";
  EXPECT_TRUE(quota.is_fallback());
}

TEST(shared_quota_test, a_Redis_that_refuses_to_hand_out_turns_does_not_starve_a_slow_budget) {
  shared_quota quota{true, 1, start};
  EXPECT_GT(use_beside_refusing_redis(quota, turn_rule{1, 10min}, 3h), 4u);
}

TEST(shared_quota_test, after_an_attempt_to_join_that_failed_a_node_still_joins_when_Redis_is_well_again) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  ASSERT_TRUE(ask(quota, "n1", &redis, start));
  ASSERT_FALSE(ask(quota, "n1", nullptr, start + 1s));
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 2s));
  EXPECT_EQ(quota.order(one, start + 3s)->step, lease_step::look);
  EXPECT_EQ(quota.order(one, start + 12s)->step, lease_step::join);
}

TEST(shared_quota_test, a_pause_that_was_told_with_an_order_that_failed_is_told_again) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  join(quota, "n1", redis, start);
  quota.pause("b", start + 1h);
  ASSERT_FALSE(ask(quota, "n1", nullptr, start + 1s));
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 2s));
  auto order = quota.order(one, start + 3s);
  ASSERT_EQ(order->step, lease_step::join);
  ASSERT_EQ(order->pauses.size(), 1u);
  EXPECT_EQ(order->pauses[0].until, start + 1h);
}

TEST(shared_quota_test, a_turn_that_is_not_there_cannot_be_used) {
  turn_ledger redis;
  shared_quota quota{true, 1, start};
  join(quota, "n1", redis, start);
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 10s));
  ASSERT_TRUE(is_free(quota, start + 10s));
  quota.spend("b", rule, start + 10s);
  quota.spend("b", rule, start + 10s);
  EXPECT_FALSE(is_free(quota, start + 10s));
  ASSERT_TRUE(ask(quota, "n1", &redis, start + 20s));
  EXPECT_TRUE(is_free(quota, start + 20s));
}
