#include "cluster/links/link_table.hpp"

#include <gmock/gmock.h>

#include "messages/actors.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

constexpr incarnation low{10}, mine{20}, high{30};

node_row row(const std::string& name, incarnation self, const std::string& address = "127.0.0.1:1") {
  node_row out;
  out.name = name;
  out.self = self;
  out.state = node_state::member;
  out.address = address;
  return out;
}

struct link_table_test : testing::Test {
  link_table table{{"m", mine, "prod", 1, true}};
  link_table::time_point t{1h};
  cluster_view three{1, {row("a", low), row("m", mine), row("z", high)}};

  link_phase phase(incarnation peer) const {
    for (const auto& link : table.links())
      if (link.peer == peer)
        return link.phase;
    return link_phase::no_address;
  }
  peer_hello hello(const std::string& name = "a", incarnation self = low) const { return {1, "prod", name, self, mine}; }
};

} // namespace

TEST_F(link_table_test, only_the_higher_names_are_dialled) {
  table.see(three, t);
  auto due = table.due(t);
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due[0].peer, high);
  EXPECT_EQ(phase(low), link_phase::awaited);
  EXPECT_THAT(table.due(t), IsEmpty()); // under way
}

TEST_F(link_table_test, without_an_address_on_either_side_nobody_dials) {
  table.see({1, {row("z", high, "")}}, t);
  EXPECT_THAT(table.due(t), IsEmpty());
  link_table deaf{{"m", mine, "prod", 1, false}};
  deaf.see(three, t);
  EXPECT_THAT(deaf.due(t), IsEmpty());
  EXPECT_THAT(deaf.links()[0].why, HasSubstr("cluster.listen"));
}

TEST_F(link_table_test, a_failed_dial_is_tried_again_later_and_later) {
  table.see(three, t);
  auto wait = link_table::first_wait;
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(table.due(t), SizeIs(1)) << i;
    table.failed(high, "connection refused", false, t);
    EXPECT_THAT(table.due(t + wait - 1ms), IsEmpty()) << i;
    t += wait;
    wait = std::min(wait * 2, link_table::longest_wait);
  }
}

TEST_F(link_table_test, a_good_link_that_is_lost_is_dialled_soon) {
  table.see(three, t);
  for (int i = 0; i < 10; ++i)
    table.failed(high, "x", false, t);
  table.up(high, t);
  t += link_table::good_link;
  table.down(high, "lost", t);
  EXPECT_THAT(table.due(t + link_table::first_wait), SizeIs(1));
}

TEST_F(link_table_test, each_reason_is_news_once_per_peer) {
  table.see(three, t);
  table.due(t);
  EXPECT_TRUE(table.failed(high, "other cluster", true, t));
  EXPECT_EQ(phase(high), link_phase::refused);
  EXPECT_THAT(table.due(t + 1h), SizeIs(1)); // somebody may have mended it
  EXPECT_FALSE(table.failed(high, "other cluster", true, t));
  EXPECT_TRUE(table.failed(high, "another reason", true, t));
}

TEST_F(link_table_test, a_new_life_is_another_peer_and_the_old_one_is_gone) {
  table.see(three, t);
  auto old = table.due(t).at(0);
  auto gone = table.see({2, {row("m", mine), row("z", incarnation{31})}}, t);
  EXPECT_THAT(gone, testing::UnorderedElementsAre(low, high));
  EXPECT_FALSE(table.is_current(high, old.attempt));
  ASSERT_THAT(table.due(t), SizeIs(1));
}

TEST_F(link_table_test, an_outcome_of_an_earlier_dial_is_of_no_interest) {
  table.see(three, t);
  auto first = table.due(t).at(0);
  table.failed(high, "x", false, t);
  auto second = table.due(t + 1s).at(0);
  EXPECT_FALSE(table.is_current(high, first.attempt));
  EXPECT_TRUE(table.is_current(high, second.attempt));
}

TEST_F(link_table_test, a_peer_of_the_view_is_accepted) {
  table.see(three, t);
  EXPECT_TRUE(table.judge(hello()).is_accepted);
}

TEST_F(link_table_test, strangers_are_refused_in_clear_words) {
  table.see(three, t);
  auto h = hello();
  h.wire_version = 2;
  EXPECT_THAT(table.judge(h).reason, testing::AllOf(HasSubstr("version 2"), HasSubstr("version 1"), HasSubstr("same release")));
  h = hello();
  h.cluster = "test";
  EXPECT_THAT(table.judge(h).reason, testing::AllOf(HasSubstr("\"test\""), HasSubstr("\"prod\""), HasSubstr("cluster.name")));
  EXPECT_FALSE(table.judge(h).is_to_come_again);
  EXPECT_FALSE(table.judge(hello("z", high)).is_accepted); // it is not the one that dials
}

TEST_F(link_table_test, lives_that_the_view_does_not_show_are_asked_to_come_again) {
  table.see(three, t);
  EXPECT_TRUE(table.judge(hello("a", incarnation{11})).is_to_come_again);
  EXPECT_TRUE(table.judge(hello("b", low)).is_to_come_again); // a life under another name
  auto h = hello();
  h.expected = incarnation{19};
  EXPECT_TRUE(table.judge(h).is_to_come_again);
}

TEST_F(link_table_test, the_dialler_judges_the_answer_too) {
  table.see(three, t);
  peer_hello_answer good{true, false, "", 1, "prod", "z", high};
  EXPECT_EQ(table.judge(high, good), "");
  auto other = good;
  other.self = incarnation{31};
  EXPECT_THAT(table.judge(high, other), HasSubstr("new life"));
  other.name = "y";
  EXPECT_THAT(table.judge(high, other), HasSubstr("cluster.advertise"));
  other = good;
  other.cluster = "test";
  EXPECT_THAT(table.judge(high, other), HasSubstr("cluster.name"));
  other = good;
  other.wire_version = 9;
  EXPECT_THAT(table.judge(high, other), HasSubstr("version 9"));
}

TEST_F(link_table_test, one_that_should_have_dialled_is_spoken_of_once) {
  table.see(three, t);
  EXPECT_THAT(table.overdue(t + 14s), IsEmpty());
  EXPECT_THAT(table.overdue(t + 15s), testing::ElementsAre("a"));
  EXPECT_THAT(table.overdue(t + 30s), IsEmpty());
}
