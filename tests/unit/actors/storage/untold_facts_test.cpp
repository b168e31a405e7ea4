#include "actors/storage/untold_facts.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

constexpr stream_place a{shard_id{1}, stream_id{1}}, b{shard_id{1}, stream_id{2}};

std::vector<fact_print> prints(size_t count) {
  return std::vector<fact_print>(count, fact_print{1, 2});
}

} // namespace

TEST(untold_facts_test, words_lead_from_the_tag_before_the_first_commit_to_that_of_the_last) {
  untold_facts untold;
  untold.add(a, 10, 11, prints(2));
  untold.add(b, 20, 21, prints(1));
  untold.add(a, 11, 12, prints(3));
  auto word = untold.take(a);
  ASSERT_TRUE(word);
  EXPECT_EQ(word->stream, a.stream);
  EXPECT_EQ(word->previous_tag, 10);
  EXPECT_EQ(word->tag, 12);
  EXPECT_EQ(word->prints.size(), 5u);
  EXPECT_FALSE(untold.take(a));
  EXPECT_FALSE(untold.empty());
}

TEST(untold_facts_test, what_does_not_lead_up_to_a_commit_is_dropped) {
  untold_facts untold;
  untold.add(a, 10, 11, prints(2));
  untold.add(a, 15, 16, prints(1)); // somebody else has moved the stream from 11 to 15
  auto word = untold.take(a);
  EXPECT_EQ(word->previous_tag, 15);
  EXPECT_EQ(word->tag, 16);
  EXPECT_EQ(word->prints.size(), 1u);
}

TEST(untold_facts_test, long_words_are_taken_first) {
  untold_facts untold;
  untold.add(a, 10, 11, prints(2));
  untold.add(b, 20, 21, prints(1));
  auto words = untold.take_from(2);
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words.begin()->first, a);
  EXPECT_EQ(untold.take_from(0).size(), 1u);
  EXPECT_TRUE(untold.empty());
}

TEST(untold_facts_test, a_round_takes_each_stream_once_and_a_little_at_a_time) {
  untold_facts untold;
  constexpr stream_place c{shard_id{2}, stream_id{3}};
  untold.add(a, 10, 11, prints(3));
  untold.add(b, 20, 21, prints(3));
  untold.add(c, 30, 31, prints(3));
  auto first = untold.take_next(std::nullopt, 7);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_TRUE(first.contains(a) && first.contains(b));
  EXPECT_EQ(untold.facts(), 3u);
  untold.add(a, 11, 12, prints(1)); // meanwhile: for the next round
  auto second = untold.take_next(b, 2);
  ASSERT_EQ(second.size(), 1u) << "one at least, however long";
  EXPECT_TRUE(second.contains(c));
  EXPECT_TRUE(untold.take_next(c, 7).empty());
  EXPECT_EQ(untold.take_next(std::nullopt, 7).size(), 1u);
}

TEST(untold_facts_test, facts_are_counted_whatever_becomes_of_them) {
  untold_facts untold;
  untold.add(a, 10, 11, prints(2));
  untold.add(b, 20, 21, prints(3));
  EXPECT_EQ(untold.facts(), 5u);
  untold.add(a, 15, 16, prints(1));
  EXPECT_EQ(untold.facts(), 4u);
  auto word = untold.take(b);
  EXPECT_EQ(untold.facts(), 1u);
  untold.put_back(b, std::move(*word));
  untold.add(b, 21, 22, prints(1));
  EXPECT_EQ(untold.take(b)->previous_tag, 20);
  EXPECT_EQ(untold.take_from(1).size(), 1u);
  EXPECT_EQ(untold.facts(), 0u);
}
