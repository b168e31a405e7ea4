#include <gtest/gtest.h>

#include <deque>

#include "actors/scheduling/shared_quota.hpp"
#include "tests/support/turn_ledger.hpp"

/// Budgets that change hands just when several timetables used a turn, in one order of steps each.
using namespace lode;
using namespace std::chrono_literals;

namespace {

using time_point = shared_quota::time_point;

/// Nodes that take all they can get when they are busy, and ask Redis every 100 ms.
class several {
public:
  struct node {
    std::string name;
    shared_quota quota;
    bool has_link = false, is_busy = true, is_alive = true;
  };

  several(uint32_t nodes, uint32_t requests, std::chrono::nanoseconds per, std::chrono::milliseconds step = 10ms)
    : requests_(requests), per_(per), rule_(requests, per), step_(step) {
    for (uint32_t i = 0; i < nodes; ++i)
      nodes_.push_back({"n" + std::to_string(i), shared_quota{true, nodes, now_ - 1h}});
  }

  node& operator[](size_t i) { return nodes_[i]; }
  void start_one(uint32_t live) { nodes_.push_back({"n" + std::to_string(nodes_.size()), shared_quota{true, live, now_}}); }
  void set_nodes(uint32_t live) {
    for (auto& each : nodes_)
      each.quota.set_nodes(live, now_);
  }
  void set_busy(bool is_busy) {
    for (auto& each : nodes_)
      each.is_busy = is_busy;
  }

  void run(std::chrono::nanoseconds span) {
    for (auto end = now_ + span; now_ < end; now_ += step_)
      for (auto& each : nodes_)
        if (each.is_alive)
          live(each);
  }
  void run_until_used(size_t count) {
    for (int i = 0; i < 1'000'000 && used_.size() < count; ++i)
      run(step_);
  }

  /// How many were let go in the last `span`.
  size_t used_within(std::chrono::nanoseconds span) const {
    return static_cast<size_t>(used_.end() - std::lower_bound(used_.begin(), used_.end(), now_ - span));
  }
  size_t used() const { return used_.size(); }
  void expect_within_budget() const { EXPECT_EQ(first_over_budget(used_, requests_, per_), used_.size()); }

private:
  void live(node& each) {
    if ((now_ - time_point{}) % 100ms == 0ms) {
      auto order = each.quota.order([&](const auto&) { return each.is_busy ? 1'000 : 0; }, now_);
      auto answer = each.has_link ? redis_.lease(each.name, *order, now_) : std::nullopt;
      answer ? each.quota.leased(*answer) : each.quota.failed(now_);
    }
    while (each.quota.earliest("b", rule_, now_) <= now_ && each.is_busy) {
      each.quota.spend("b", rule_, now_);
      used_.push_back(now_);
    }
  }

  uint32_t requests_;
  std::chrono::nanoseconds per_;
  turn_rule rule_;
  std::chrono::milliseconds step_;
  time_point now_{100h};
  turn_ledger redis_;
  std::deque<node> nodes_;
  std::vector<time_point> used_;
};

} // namespace

TEST(shared_quota_hands_test, who_joins_after_a_turn_of_its_own_beside_one_of_Redis_costs_that_turn) {
  several nodes{2, 2, 2s};
  nodes[0].has_link = true;
  nodes.run(10s);
  nodes.set_busy(false);
  nodes.run(10s);
  nodes.set_busy(true);
  nodes.run(150ms);
  ASSERT_EQ(nodes.used_within(150ms), 2u) << "one of each timetable";
  nodes[1].has_link = true;
  nodes.run(30s);
  nodes.expect_within_budget();
  EXPECT_GE(nodes.used_within(20s), 18u);
}

TEST(shared_quota_hands_test, all_who_join_a_Redis_that_was_emptied_cost_their_turns) {
  several nodes{2, 2, 2s};
  nodes.set_busy(false);
  nodes.run(10s);
  nodes.set_busy(true);
  nodes.run(50ms);
  ASSERT_EQ(nodes.used(), 2u);
  nodes[0].has_link = nodes[1].has_link = true;
  nodes.run(30s);
  nodes.expect_within_budget();
  EXPECT_GE(nodes.used_within(20s), 18u);
}

TEST(shared_quota_hands_test, a_share_that_shrinks_costs_a_turn_of_each_node) {
  several nodes{2, 12, 10min, 100ms};
  nodes.run_until_used(24);
  nodes.start_one(3);
  nodes.set_nodes(3);
  nodes.run(30min);
  nodes.expect_within_budget();
  EXPECT_GE(nodes.used_within(10min), 11u);
}

TEST(shared_quota_hands_test, who_takes_over_the_share_of_a_node_that_died_gives_up_the_turns_that_it_may_have_used) {
  several nodes{3, 4, 10min, 100ms};
  nodes.run_until_used(9);
  nodes[2].is_alive = false;
  nodes.run(10s);
  nodes.set_nodes(2);
  nodes.run(40min);
  nodes.expect_within_budget();
  EXPECT_GE(nodes.used_within(20min), 7u);
}

TEST(shared_quota_hands_test, Redis_gives_up_the_turns_that_a_node_without_it_may_have_used_before_it_died) {
  several nodes{3, 3, 10min, 100ms};
  nodes[0].has_link = nodes[1].has_link = true;
  nodes.run(30min);
  nodes.set_busy(false);
  nodes.run(30min);
  nodes.set_busy(true);
  nodes.run(1s);
  ASSERT_EQ(nodes.used_within(1s), 2u) << "one of each timetable";
  nodes[2].is_alive = false;
  nodes.run(10s);
  nodes.set_nodes(2);
  nodes.run(40min);
  nodes.expect_within_budget();
  EXPECT_GE(nodes.used_within(20min), 5u);
}
