#include "runtime/redis/shared_turns.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "actors/scheduling/shared_quota.hpp"
#include "messages/error.hpp"
#include "tests/support/redis_fixture.hpp"
#include "tests/support/turn_ledger.hpp"

using namespace lode;
using namespace lode::test;
using namespace std::chrono_literals;

namespace {

using std::chrono::steady_clock;

lease_turns order(lease_step step, uint32_t nodes = 1, uint32_t requests = 100, uint32_t count = 1'000) {
  turn_rule rule{requests, 1s};
  return {step, nodes, steady_clock::now() + 20s, {{"b", requests, rule.span, rule.grace, count}}, {}};
}

class shared_turns_test : public ::testing::Test {
protected:
  shared_turns turns(const std::string& node, int64_t generation = 1) const { return {server.settings(), generation, node}; }

  /// Until Redis' answer came quickly enough to be of use, which a busy machine may not manage at once.
  static turns_leased lease(shared_turns& of, lease_turns what) {
    for (int i = 0; i < 100; ++i)
      if (auto leased = of.lease(what))
        return *leased;
      else if (i == 99)
        ADD_FAILURE() << message_of(leased.error());
    return {};
  }

  test_redis server;
};

/// A node under load: uses all turns it gets, and notes when.
class leaser {
public:
  leaser(const test_redis& server, std::string name, uint32_t nodes, std::vector<steady_clock::time_point>& used,
         std::mutex& lock)
    : turns_(settings(server), 1, std::move(name)),
      quota_(true, nodes, steady_clock::now() - shared_quota::settle),
      used_(used),
      lock_(lock) {}

  void work(const turn_rule& rule, const std::atomic<bool>& is_over) {
    for (auto next_ask = steady_clock::now(); !is_over;) {
      auto now = steady_clock::now();
      if (now >= next_ask) {
        auto answer = turns_.lease(*quota_.order([](const auto&) { return 1'000; }, now));
        answer ? quota_.leased(*answer) : quota_.failed(steady_clock::now());
        next_ask = now + 50ms;
        continue;
      }
      std::lock_guard guard{lock_}; // the order in which turns are used is that in which they are noted
      for (now = steady_clock::now(); quota_.earliest("b", rule, now) <= now;) {
        quota_.spend("b", rule, now);
        used_.push_back(now);
      }
    }
  }

private:
  static redis_settings settings(const test_redis& server) {
    auto out = server.settings();
    out.timeout = 250ms;
    return out;
  }

  shared_turns turns_;
  shared_quota quota_;
  std::vector<steady_clock::time_point>& used_;
  std::mutex& lock_;
};

} // namespace

TEST_F(shared_turns_test, turns_are_handed_out_once_whoever_asks) {
  auto first = turns("n1"), second = turns("n2");
  auto a = lease(first, order(lease_step::join)).slices.at(0);
  EXPECT_EQ(a.count, 0u) << "a budget that is new begins empty";
  lease(second, order(lease_step::join));
  std::vector<steady_clock::time_point> times;
  while (times.size() < 100)
    for (auto* each : {&first, &second}) {
      auto slice = lease(*each, order(lease_step::go_on, 2, 100, 7)).slices.at(0);
      for (uint32_t i = 0; i < slice.count; ++i)
        times.push_back(slice.first + i * slice.spacing);
    }
  std::sort(times.begin(), times.end());
  // But for what two readings of Redis' clock may differ in.
  EXPECT_GE(times[99] - times[0], 99 * 10'400us - 20ms);
}

TEST_F(shared_turns_test, a_look_changes_nothing) {
  auto node = turns("n1");
  lease(node, order(lease_step::look));
  EXPECT_EQ(server.ask({"DBSIZE"}).number, 0);
}

TEST_F(shared_turns_test, an_order_that_Redis_comes_to_too_late_changes_nothing) {
  auto node = turns("n1");
  lease(node, order(lease_step::look));
  auto late = order(lease_step::join);
  late.not_after = steady_clock::now() - 1s;
  EXPECT_FALSE(node.lease(late));
  EXPECT_EQ(server.ask({"DBSIZE"}).number, 0);
}

TEST_F(shared_turns_test, the_part_of_nodes_that_do_not_ask_is_kept_back) {
  auto node = turns("n1");
  EXPECT_EQ(lease(node, order(lease_step::join, 4)).slices.at(0).spacing, 41'600us);
  auto other = turns("n2");
  EXPECT_EQ(lease(other, order(lease_step::join, 4)).slices.at(0).spacing, 20'800us);
  lease(other, order(lease_step::go_on, 1));
  EXPECT_EQ(lease(node, order(lease_step::go_on, 1)).slices.at(0).spacing, 10'400us);
  EXPECT_EQ(lease(node, order(lease_step::go_on, 4, 1)).slices.at(0).count, 0u) << "less than a request is nobody's";
}

TEST_F(shared_turns_test, a_node_that_was_not_heard_of_is_not_counted) {
  auto node = turns("n1");
  lease(node, order(lease_step::join, 2));
  server.ask({"HSET", "lode:1:turns:nodes", "n2", "1000"});
  EXPECT_EQ(lease(node, order(lease_step::go_on, 2)).slices.at(0).spacing, 20'800us);
}

TEST_F(shared_turns_test, after_FLUSHALL_no_turn_is_handed_out_that_another_node_may_hold) {
  auto node = turns("n1");
  lease(node, order(lease_step::join));
  uint32_t count = 0;
  turn_slice before;
  await("Redis hands out turns", [&] {
    auto slice = lease(node, order(lease_step::go_on)).slices.at(0);
    before = slice.count > 0 ? slice : before;
    return (count += slice.count) > 20;
  });
  auto last = before.first + (before.count - 1) * before.spacing;
  server.ask({"FLUSHALL"});
  auto other = turns("n2");
  auto first = lease(other, order(lease_step::join));
  EXPECT_EQ(first.slices.at(0).count, 0u);
  EXPECT_GE(first.slices.at(0).first, last + before.spacing - 20ms);
}

TEST_F(shared_turns_test, a_node_that_joins_costs_a_turn_more_for_what_it_used_of_its_own) {
  auto node = turns("n1"), other = turns("n2");
  lease(node, order(lease_step::join, 2, 10));
  auto sent = steady_clock::now();
  auto slice = lease(other, order(lease_step::join, 2, 10)).slices.at(0);
  EXPECT_EQ(slice.spacing, 104ms);
  EXPECT_GE(slice.first, sent + turn_lease::lookahead + 2 * slice.spacing - 20ms);
}

TEST_F(shared_turns_test, nodes_that_are_gone_cost_a_turn_each_and_once) {
  auto node = turns("n1");
  lease(node, order(lease_step::join, 4, 10));
  auto sent = steady_clock::now();
  auto slice = lease(node, order(lease_step::go_on, 2, 10)).slices.at(0);
  EXPECT_EQ(slice.spacing, 208ms);
  EXPECT_GE(slice.first, sent + turn_lease::lookahead + 3 * slice.spacing - 20ms);
  auto again = lease(node, order(lease_step::go_on, 2, 10)).slices.at(0);
  EXPECT_LE(again.first, slice.first + 40ms);
}

TEST_F(shared_turns_test, who_reckons_with_fewer_nodes_than_another_gets_no_larger_part) {
  auto node = turns("n1"), other = turns("n2");
  lease(node, order(lease_step::join, 4, 10));
  EXPECT_EQ(lease(other, order(lease_step::join, 2, 10)).slices.at(0).spacing, 208ms);
}

TEST_F(shared_turns_test, a_budget_that_Redis_does_not_know_costs_a_turn_of_each_timetable_that_may_have_been_there) {
  auto node = turns("n1");
  auto joins = order(lease_step::join, 1, 10);
  joins.wanted[0].others = 4;
  auto sent = steady_clock::now();
  auto slice = lease(node, joins).slices.at(0);
  EXPECT_GE(slice.first, sent + turn_lease::lookahead + 5 * slice.spacing - 20ms);
}

TEST_F(shared_turns_test, turns_to_give_up_never_cost_more_than_a_span) {
  auto node = turns("n1");
  auto joins = order(lease_step::join, 1, 10);
  joins.wanted[0].others = 1'000;
  lease(node, joins);
  EXPECT_LE(lease(node, order(lease_step::go_on, 1, 10)).slices.at(0).first, steady_clock::now() + turn_lease::lookahead + 1'060ms);
}

TEST_F(shared_turns_test, a_clock_that_was_set_back_does_not_stop_a_budget) {
  auto node = turns("n1");
  lease(node, order(lease_step::join));
  server.ask({"HSET", "lode:1:turns:last", "b", "9000000000000000"});
  EXPECT_LT(lease(node, order(lease_step::go_on)).slices.at(0).first, steady_clock::now() + 2s);
}

TEST_F(shared_turns_test, pauses_reach_the_others_and_end) {
  auto node = turns("n1"), other = turns("n2"), of_another_store = turns("n1", 2);
  auto told = order(lease_step::join);
  auto until = steady_clock::now() + 1h;
  told.pauses = {{"b", until}, {"over", steady_clock::now() - 1s}};
  lease(node, told);
  told.pauses = {{"b", until - 30min}};
  lease(node, told);
  auto heard = lease(other, order(lease_step::join)).pauses;
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].budget, "b");
  EXPECT_GT(heard[0].until, until - 1s) << "a pause is never shortened";
  EXPECT_TRUE(lease(of_another_store, order(lease_step::join)).pauses.empty());
}

TEST_F(shared_turns_test, keys_end_when_no_node_uses_them_any_more) {
  auto node = turns("n1");
  lease(node, order(lease_step::join));
  EXPECT_GT(server.ask({"PTTL", "lode:1:turns:last"}).number, 0);
  EXPECT_GT(server.ask({"PTTL", "lode:1:turns:nodes"}).number, 0);
}

TEST_F(shared_turns_test, a_lone_request_of_an_idle_budget_gets_a_turn_that_is_not_stale) {
  auto node = turns("n1");
  lease(node, order(lease_step::join));
  await("a turn can be used", [&] {
    server.ask({"HSET", "lode:1:turns:last", "b", "1"}); // it was last used long ago
    auto slice = lease(node, order(lease_step::go_on, 1, 100, 1)).slices.at(0);
    return slice.count == 1 && slice.first + slice.usable > steady_clock::now();
  });
}

/// Redis is emptied, killed and started again meanwhile.
TEST_F(shared_turns_test, nodes_under_load_never_exceed_the_budget_in_any_span) {
  const turn_rule rule{50, 500ms};
  std::vector<steady_clock::time_point> used;
  std::mutex lock;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&, i] { leaser{server, "n" + std::to_string(i), 3, used, lock}.work(rule, is_over); });
  auto used_more = [&](size_t more) {
    auto reached = [&] { std::lock_guard guard{lock}; return used.size(); }() + more;
    await("requests are let go", [&] { std::lock_guard guard{lock}; return used.size() >= reached; });
  };
  used_more(100);
  server.ask({"FLUSHALL"});
  used_more(100);
  server.kill();
  used_more(60); // without Redis
  server.start();
  used_more(150);
  is_over = true;
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(first_over_budget(used, 50, 500ms), used.size());
}

TEST(shared_turns_rights_test, the_rights_that_the_documents_name_are_enough) {
  test_redis server{{"--user", "miner", "on", ">secret", "~lode:*", "+time", "+hget", "+hgetall", "+hset", "+hdel",
                     "+pexpire", "+eval", "+select"}};
  auto settings = server.settings();
  settings.address.user = "miner";
  settings.address.password = "secret";
  settings.address.database = 2;
  shared_turns turns{settings, 1, "n1"};
  server.ask({"HSET", "lode:1:turns:nodes", "old", "1"});
  auto all = order(lease_step::join);
  all.pauses = {{"over", steady_clock::now() - 1s}};
  await("the order is carried out", [&] {
    auto leased = turns.lease(all);
    EXPECT_TRUE(leased || message_of(leased.error()).find("NOPERM") == std::string::npos) << message_of(leased.error());
    return static_cast<bool>(leased);
  });
}
