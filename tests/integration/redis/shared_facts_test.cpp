#include "runtime/redis/shared_facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/redis_fixture.hpp"

using namespace lode;
using namespace lode::test;

namespace {

constexpr stream_id posts{7};

fact_print print(int64_t key, uint64_t content) {
  return print_of(std::to_string(key), {content, content}, 0);
}

class shared_facts_test : public ::testing::Test {
protected:
  shared_facts facts() const { return {server.settings(), 1}; }

  void tell(int64_t previous, int64_t tag, std::vector<fact_print> prints) const {
    auto teller = facts();
    shared_facts::news news{posts, previous, tag, std::move(prints)};
    teller.tell(std::span{&news, 1});
    EXPECT_EQ(teller.trouble(), "");
  }

  /// Asks for one key as a node that has just started would.
  std::vector<fact_print> ask(int64_t tag, const fact_print& wanted) const {
    auto asker = facts();
    shared_facts::question question{posts, tag, {wanted.key}};
    auto found = asker.look_up(std::span{&question, 1});
    EXPECT_EQ(asker.trouble(), "");
    return found[0];
  }

  bool knows(int64_t tag, const fact_print& wanted) const {
    auto found = ask(tag, wanted);
    return std::find(found.begin(), found.end(), wanted) != found.end();
  }

  test_redis server;
};

} // namespace

TEST_F(shared_facts_test, what_was_told_is_known_to_the_next_node) {
  tell(0, 10, {print(1, 1), print(2, 1)});
  tell(10, 11, {print(2, 2)});
  EXPECT_TRUE(knows(11, print(1, 1)));
  EXPECT_TRUE(knows(11, print(2, 2)));
  EXPECT_FALSE(knows(11, print(2, 1)));
  EXPECT_FALSE(knows(11, print(3, 1)));
}

TEST_F(shared_facts_test, without_the_latest_tag_nothing_is_believed) {
  tell(0, 10, {print(1, 1)});
  EXPECT_TRUE(ask(11, print(1, 1)).empty());
}

TEST_F(shared_facts_test, a_lost_update_is_not_covered_by_the_next_one) {
  tell(0, 10, {print(1, 1)});
  // The commit 10 -> 11 made content 2 of key 1, and was never told. 11 -> 12 is told.
  tell(11, 12, {print(2, 5)});
  EXPECT_TRUE(knows(12, print(2, 5)));
  EXPECT_FALSE(knows(12, print(1, 1))) << "the record is back at content 1 while the store holds 2: dropped as unchanged";
}

TEST_F(shared_facts_test, an_old_snapshot_is_not_believed) {
  tell(0, 10, {print(1, 1)});
  ASSERT_EQ(server.ask({"SAVE"}).text, "OK");
  tell(10, 11, {print(1, 2)});
  server.kill();
  server.start();
  EXPECT_FALSE(knows(11, print(1, 1)));
  tell(11, 12, {print(2, 1)});
  EXPECT_FALSE(knows(12, print(1, 1)));
  EXPECT_TRUE(knows(12, print(2, 1)));
}

TEST_F(shared_facts_test, a_late_word_of_an_earlier_owner_spoils_nothing_but_speed) {
  tell(0, 10, {print(1, 1)});
  tell(10, 12, {print(1, 3)}); // the new owner
  tell(10, 11, {print(1, 2)}); // the old one, late
  EXPECT_TRUE(ask(12, print(1, 3)).empty());
  tell(12, 13, {print(2, 1)});
  EXPECT_FALSE(knows(13, print(1, 2)));
}

TEST_F(shared_facts_test, after_FLUSHALL_nothing_is_known_and_telling_goes_on) {
  tell(0, 10, {print(1, 1)});
  server.ask({"FLUSHALL"});
  EXPECT_TRUE(ask(10, print(1, 1)).empty());
  tell(10, 10, {print(1, 1)}); // found in the store
  EXPECT_TRUE(knows(10, print(1, 1)));
}

TEST_F(shared_facts_test, another_store_sees_nothing) {
  tell(0, 10, {print(1, 1)});
  shared_facts other{server.settings(), 2};
  shared_facts::question question{posts, 10, {print(1, 1).key}};
  EXPECT_TRUE(other.look_up(std::span{&question, 1})[0].empty());
}

TEST_F(shared_facts_test, what_only_the_store_knows_stays_so) {
  tell(0, 10, {print(1, 1)});
  tell(10, 11, {{print(1, 1).key, 0}}); // deleted
  EXPECT_FALSE(knows(11, print(1, 1)));
}

TEST_F(shared_facts_test, a_bucket_is_read_once_until_the_stream_is_begun_anew) {
  tell(0, 10, {print(1, 1)});
  auto asker = facts();
  shared_facts::question question{posts, 10, {print(1, 1).key}};
  EXPECT_EQ(asker.look_up(std::span{&question, 1})[0].size(), 1u);
  EXPECT_TRUE(asker.look_up(std::span{&question, 1})[0].empty());
  asker.begin(posts);
  EXPECT_EQ(asker.look_up(std::span{&question, 1})[0].size(), 1u);
}

TEST_F(shared_facts_test, a_stream_grows_and_its_buckets_stay_small) {
  constexpr int records = 30'000;
  auto teller = facts();
  for (int first = 0; first < records; first += 1'000) {
    shared_facts::news news{posts, first == 0 ? 0 : 10, 10, {}};
    for (int i = first; i < first + 1'000; ++i)
      news.prints.push_back(print(i, 1));
    teller.tell(std::span{&news, 1});
    ASSERT_EQ(teller.trouble(), "");
  }
  EXPECT_TRUE(knows(10, print(records - 1, 1)));
  EXPECT_LE(ask(10, print(records - 1, 1)).size(), 128u);
  // All that is found is right, and most is: a new key space began once.
  shared_facts::question question{posts, 10, {}};
  for (int i = 0; i < records; ++i)
    question.keys.push_back(print(i, 1).key);
  auto found = facts().look_up(std::span{&question, 1})[0];
  EXPECT_GT(found.size(), 20'000u);
  for (const auto& each : found)
    ASSERT_NE(each.fact, 0u);
  // Buckets of the key space before are gone: no more keys than buckets of this one, and the stream's own.
  EXPECT_LE(server.ask({"DBSIZE"}).number, 513);
}

TEST(shared_facts_eviction_test, what_Redis_evicts_is_unknown_and_what_is_left_is_right) {
  test_redis server{{"--maxmemory", "3mb", "--maxmemory-policy", "allkeys-random"}};
  for (int64_t stream = 1; stream <= 60; ++stream) {
    shared_facts teller{server.settings(), 1};
    shared_facts::news news{stream_id{stream}, 0, 5, {}};
    for (int i = 0; i < 2'000; ++i)
      news.prints.push_back(print(i, static_cast<uint64_t>(stream)));
    teller.tell(std::span{&news, 1});
  }
  size_t known = 0;
  for (int64_t stream = 1; stream <= 60; ++stream) {
    shared_facts asker{server.settings(), 1};
    shared_facts::question question{stream_id{stream}, 5, {}};
    for (int i = 0; i < 2'000; ++i)
      question.keys.push_back(print(i, 1).key);
    std::map<uint64_t, uint64_t> right;
    for (int i = 0; i < 2'000; ++i)
      right[print(i, 1).key] = print(i, static_cast<uint64_t>(stream)).fact;
    const auto found = asker.look_up(std::span{&question, 1});
    for (const auto& each : found[0]) {
      ASSERT_EQ(each.fact, right[each.key]);
      ++known;
    }
  }
  EXPECT_LT(known, 120'000u) << "nothing was evicted: the test shows nothing";
}

TEST(shared_facts_outage_test, a_dead_Redis_is_trouble_but_no_failure) {
  test_redis server;
  shared_facts facts{server.settings(), 1};
  server.kill();
  shared_facts::news news{posts, 0, 10, {print(1, 1)}};
  facts.tell(std::span{&news, 1});
  EXPECT_NE(facts.trouble(), "");
  shared_facts::question question{posts, 10, {print(1, 1).key}};
  EXPECT_TRUE(facts.look_up(std::span{&question, 1})[0].empty());
  server.start();
  news.previous_tag = 0;
  facts.tell(std::span{&news, 1});
  EXPECT_EQ(facts.trouble(), "");
  EXPECT_EQ(facts.look_up(std::span{&question, 1})[0].size(), 1u);
}

TEST(shared_facts_rights_test, the_rights_that_the_documents_name_are_enough) {
  test_redis server{{"--user", "miner", "on", ">secret", "~lode:*", "+hmget", "+hgetall", "+hset", "+unlink", "+eval", "+select"}};
  auto settings = server.settings();
  settings.address.user = "miner";
  settings.address.password = "secret";
  settings.address.database = 2;
  shared_facts facts{settings, 1};
  for (int64_t tag : {10, 12}) { // the second one begins a new key space and unlinks the first
    shared_facts::news news{posts, tag - 1, tag, {print(1, 1)}};
    facts.tell(std::span{&news, 1});
    EXPECT_EQ(facts.trouble(), "");
  }
  shared_facts::question question{posts, 12, {print(1, 1).key}};
  EXPECT_EQ(facts.look_up(std::span{&question, 1})[0].size(), 1u);
  EXPECT_EQ(facts.trouble(), "");
}
