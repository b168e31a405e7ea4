#include "actors/storage/fact_cache.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

using enum known_facts::answer;

constexpr stream_place stream_of(int64_t id) {
  return {shard_id{1}, stream_id{id}};
}

void fill(fact_cache& cache, int64_t stream, int records) {
  cache.begin(stream_of(stream), shard_epoch{1}, {true, 0});
  for (int i = 0; i < records; ++i)
    cache.put(stream_of(stream), print_of(std::to_string(i), {1, 1}, 0));
}

} // namespace

TEST(fact_cache_test, key_content_and_field_all_count) {
  auto print = print_of("a", {1, 2}, 3);
  EXPECT_EQ(print.key, print_of("a", {7, 7}, 7).key);
  for (const auto& other : {print_of("b", {1, 2}, 3), print_of("a", {0, 2}, 3), print_of("a", {1, 0}, 3), print_of("a", {1, 2}, 0)})
    EXPECT_NE(print.fact, other.fact);
}

TEST(fact_cache_test, a_missing_key_is_absent_only_where_all_records_are_known) {
  fact_cache cache{1 << 20};
  cache.begin(stream_of(1), shard_epoch{1}, {true, 0});
  cache.begin(stream_of(2), shard_epoch{1}, {false, 0});
  EXPECT_EQ(cache.find(stream_of(1), shard_epoch{1})->look(print_of("a", {1, 1}, 0)), absent);
  EXPECT_EQ(cache.find(stream_of(2), shard_epoch{1})->look(print_of("a", {1, 1}, 0)), unknown);
  EXPECT_EQ(cache.find(stream_of(3), shard_epoch{1}), nullptr);
}

TEST(fact_cache_test, a_deleted_key_is_there_but_unknown) {
  fact_cache cache{1 << 20};
  cache.begin(stream_of(1), shard_epoch{1}, {true, 0});
  auto print = print_of("a", {1, 1}, 0);
  cache.put(stream_of(1), {print.key, 0});
  EXPECT_EQ(cache.find(stream_of(1), shard_epoch{1})->look(print), unknown);
}

TEST(fact_cache_test, the_budget_holds_and_the_streams_that_were_not_used_longest_go_first) {
  fact_cache cache{200'000};
  for (int64_t stream = 1; stream <= 20; ++stream) {
    fill(cache, stream, 1'000);
    ASSERT_LE(cache.bytes(), 200'000u);
    ASSERT_NE(cache.find(stream_of(1), shard_epoch{1}), nullptr) << "used all the time, yet gone at " << stream;
  }
  EXPECT_EQ(cache.find(stream_of(2), shard_epoch{1}), nullptr);
  EXPECT_NE(cache.find(stream_of(20), shard_epoch{1}), nullptr);
}

TEST(fact_cache_test, one_stream_larger_than_the_budget_is_forgotten_not_kept) {
  fact_cache cache{10'000};
  fill(cache, 1, 10'000);
  EXPECT_LE(cache.bytes(), 10'000u);
}
