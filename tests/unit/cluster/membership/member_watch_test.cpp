#include "cluster/membership/member_watch.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

namespace {

struct member_watch_test : testing::Test {
  using time_point = member_watch::time_point;

  cluster_view view{7, {{"a", incarnation{1}, node_state::member, 100, 10, ""},
                        {"b", incarnation{2}, node_state::member, 100, 20, ""}}};
  member_watch watch{incarnation{1}};
  time_point now{1h};

  /// A look that takes no time, every half a second for so long; the first burial.
  std::optional<member_watch::burial> look_for(std::chrono::milliseconds span) {
    for (auto end = now + span; now < end;) {
      now += 500ms;
      if (auto dead = watch.saw(view, now, now))
        return dead;
    }
    return std::nullopt;
  }
};

} // namespace

TEST_F(member_watch_test, whose_counter_stands_for_a_whole_lease_is_dead) {
  EXPECT_FALSE(look_for(4s)); // the first of these looks begins the observation
  auto dead = look_for(500ms);
  ASSERT_TRUE(dead);
  EXPECT_EQ(dead->dead, incarnation{2});
  EXPECT_EQ(dead->beat, 20);
  EXPECT_EQ(dead->view, 7);
}

TEST_F(member_watch_test, whose_counter_moves_lives) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(look_for(3'500ms));
    ++view.nodes[1].beat;
  }
}

TEST_F(member_watch_test, a_node_never_declares_itself_gone) {
  view.nodes.pop_back();
  EXPECT_FALSE(look_for(60s));
}

TEST_F(member_watch_test, joining_and_draining_ones_die_like_others) {
  for (auto state : {node_state::joining, node_state::draining}) {
    view.nodes[1].state = state;
    ++view.nodes[1].beat;
    EXPECT_TRUE(look_for(5s));
  }
}

TEST_F(member_watch_test, another_life_under_the_name_is_observed_anew) {
  EXPECT_FALSE(look_for(4s));
  view.nodes[1].self = incarnation{3};
  EXPECT_FALSE(look_for(4s));
  EXPECT_TRUE(look_for(500ms));
}

TEST_F(member_watch_test, looks_that_come_more_often_bury_nobody_earlier) {
  auto start = now;
  while (!watch.saw(view, now, now))
    now += 10ms;
  EXPECT_EQ(now - start, heartbeat::lease);
}

// What was read first was read at the latest when it was answered, what was read last not before it was asked for.
TEST_F(member_watch_test, the_time_that_an_answer_takes_does_not_count) {
  for (int i = 0; i < 5; ++i, now += 1s)
    EXPECT_FALSE(watch.saw(view, now, now + 900ms)) << i; // 3.1 s from the first answer to the last question
  EXPECT_TRUE(watch.saw(view, now, now + 100ms));
}

// Hazard 23: everybody's counter stood while the database was away; who finds it first must not take all.
TEST_F(member_watch_test, after_an_outage_everybody_has_a_whole_lease_again) {
  EXPECT_FALSE(look_for(3s));
  for (int i = 0; i < 12; ++i, now += 500ms)
    watch.missed();
  EXPECT_FALSE(look_for(4s));
  EXPECT_TRUE(look_for(500ms));
}

TEST_F(member_watch_test, one_failed_look_is_an_outage) {
  EXPECT_FALSE(look_for(4s));
  watch.missed();
  EXPECT_FALSE(look_for(4s));
}

// Hazards 23 and 24: an observer that was stopped finds counters that stood, perhaps because everybody was stopped.
TEST_F(member_watch_test, an_observer_that_stood_still_buries_nobody_for_it) {
  EXPECT_FALSE(look_for(2s));
  now += 1h;
  EXPECT_FALSE(look_for(4s));
  EXPECT_TRUE(look_for(500ms));
}

TEST_F(member_watch_test, nor_does_one_that_stood_still_while_it_was_answered) {
  EXPECT_FALSE(look_for(2s));
  watch.saw(view, now + 500ms, now + 1h);
  now += 1h;
  EXPECT_FALSE(look_for(3'500ms));
  EXPECT_TRUE(look_for(1s));
}

TEST_F(member_watch_test, several_dead_are_named_one_by_one_since_each_raises_the_view) {
  view.nodes.push_back({"c", incarnation{3}, node_state::member, 100, 30, ""});
  auto first = look_for(5s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->dead, incarnation{2});
  view.nodes.erase(view.nodes.begin() + 1);
  view.number = 8;
  auto second = watch.saw(view, now, now);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->dead, incarnation{3});
  EXPECT_EQ(second->view, 8);
}

TEST(member_watch, a_node_that_flaps_waits_longer_each_time_up_to_half_a_minute) {
  std::vector<int64_t> waits;
  for (int64_t flaps : {0, 1, 2, 3, 4, 5, 6, 7, 1'000'000})
    waits.push_back(wait_after_flaps(flaps).count());
  EXPECT_EQ(waits, (std::vector<int64_t>{0, 1, 2, 4, 8, 16, 30, 30, 30}));
}

TEST(member_watch, views_differ_in_everything_but_counters) {
  cluster_view view{7, {{"a", incarnation{1}, node_state::member, 100, 10, "h:1"}}};
  auto with = [&](auto change) {
    auto other = view;
    change(other);
    return shows_the_same(view, other);
  };
  EXPECT_TRUE(with([](auto& v) { ++v.nodes[0].beat; }));
  EXPECT_FALSE(with([](auto& v) { ++v.number; }));
  EXPECT_FALSE(with([](auto& v) { v.nodes[0].self = incarnation{2}; }));
  EXPECT_FALSE(with([](auto& v) { v.nodes[0].state = node_state::draining; }));
  EXPECT_FALSE(with([](auto& v) { v.nodes[0].weight = 1; }));
  EXPECT_FALSE(with([](auto& v) { v.nodes[0].address = "h:2"; }));
  EXPECT_FALSE(with([](auto& v) { v.nodes.push_back(v.nodes[0]); }));
}
