#include "actors/storage/change_finder.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/child_process.hpp"
#include "tests/support/redis_fixture.hpp"

using namespace lode;
using namespace lode::test;

namespace {

constexpr stream_place place{shard_id{1}, stream_id{7}};

/// One stream, held in a map.
class map_store : public page_store {
public:
  std::map<std::string, stored_fact> facts;
  int64_t tag = 0;

  caf::expected<std::vector<stored_fact>> probe(shard_id, stream_id, std::span<const std::string_view> keys) override {
    std::vector<stored_fact> out;
    for (auto key : keys)
      out.push_back(facts[std::string{key}]);
    return out;
  }
  caf::expected<std::vector<std::string>> payloads(shard_id, stream_id, std::span<const std::string_view> keys) override {
    return std::vector<std::string>(keys.size());
  }
  caf::expected<std::vector<stream_standing>> standings(std::span<const stream_place> streams) override {
    return std::vector(streams.size(), stream_standing{facts.empty(), tag});
  }
  std::vector<page_outcome> commit(std::span<const page_commit> pages) override {
    std::vector<page_outcome> out(pages.size());
    for (size_t i = 0; i < pages.size(); ++i) {
      out[i].status = commit_status::committed;
      for (const auto& change : pages[i].changes)
        facts[change.key] = {true, false, change.hash, change.order};
      if (!pages[i].changes.empty())
        tag = pages[i].cache_tag;
    }
    return out;
  }
  caf::expected<std::vector<page_outcome>> settle() override { return std::vector<page_outcome>{}; }
};

struct change_finder_test : testing::Test {
  std::unique_ptr<change_finder> writer(size_t memory, bool has_redis = true) {
    return std::make_unique<change_finder>(store, memory, has_redis ? std::make_unique<shared_facts>(redis.settings(), 1) : nullptr);
  }

  /// One page with one record; the number of changes that the writer found.
  size_t read(change_finder& finder, const std::string& key, uint64_t content) {
    std::vector<hashed_page> pages(1);
    pages[0].shard = place.shard;
    pages[0].stream = place.stream;
    pages[0].stamp = {0, 1, ++counter};
    pages[0].records.push_back({key, "{}", {1, content}, 0});
    auto commits = finder.compare(pages);
    finder.conclude(*commits, store.commit(*commits));
    return commits->front().changes.size();
  }

  /// By a writer that does no more, and ends as it should.
  size_t read(size_t memory, bool has_redis, const std::string& key, uint64_t content) {
    auto finder = writer(memory, has_redis);
    auto changes = read(*finder, key, content);
    finder->tell_redis();
    return changes;
  }

  static constexpr size_t plenty = 1 << 20;
  test_redis redis;
  map_store store;
  int64_t counter = 0;
};

} // namespace

TEST_F(change_finder_test, the_next_writer_knows_from_Redis_what_this_one_committed) {
  EXPECT_EQ(read(plenty, true, "k", 1), 1u);
  store.facts["k"].hash = {9, 9}; // asked, the store would say that it changed
  EXPECT_EQ(read(plenty, true, "k", 1), 0u);
}

TEST_F(change_finder_test, a_commit_that_Redis_was_not_told_of_makes_it_worthless) {
  read(plenty, true, "k", 1);
  read(plenty, false, "k", 2);
  EXPECT_EQ(read(plenty, true, "k", 1), 1u);
}

TEST_F(change_finder_test, a_writer_without_memory_tells_Redis_nothing_that_could_be_believed_too_long) {
  constexpr size_t nothing = 0;
  read(plenty, false, "k", 1);
  read(nothing, true, "k", 1); // finds k in the store, and has forgotten the stream's tag when it could tell
  read(plenty, false, "k", 2); // Redis does not hear of it
  read(nothing, true, "z", 1);
  EXPECT_EQ(read(plenty, true, "k", 1), 1u) << "the store holds 2: dropped as unchanged it would stay so";
}

TEST_F(change_finder_test, a_writer_that_dies_before_it_told_Redis_of_a_commit_makes_it_worthless) {
  read(plenty, true, "k", 1);
  read(*writer(plenty), "k", 2);
  EXPECT_EQ(read(plenty, true, "k", 1), 1u) << "the store holds 2";
}

TEST_F(change_finder_test, what_was_gathered_over_several_commits_is_told_as_one) {
  auto first = writer(plenty);
  for (uint64_t content : {1, 2, 1, 3})
    EXPECT_EQ(read(*first, "k", content), 1u);
  read(*first, "other", 1);
  first->tell_redis();
  EXPECT_FALSE(first->has_news());
  for (const auto* key : {"k", "other"})
    store.facts[key].hash = {9, 9}; // asked, the store would say that they changed
  EXPECT_EQ(read(plenty, true, "k", 3), 0u);
  EXPECT_EQ(read(plenty, true, "other", 1), 0u);
}

TEST_F(change_finder_test, so_much_is_told_at_once_that_pages_that_come_meanwhile_need_not_wait_long) {
  constexpr int64_t streams = 5;
  constexpr size_t facts = 300;
  std::vector<hashed_page> pages(streams);
  for (auto& page : pages) {
    page.shard = place.shard;
    page.stream = {&page - pages.data() + 5}; // that of `place` among them
    page.stamp = {0, 1, ++counter};
    for (size_t i = 0; i < facts; ++i)
      page.records.push_back({std::to_string(page.stream.value) + "_" + std::to_string(i), "{}", {1, i}, 0});
  }
  auto finder = writer(plenty);
  auto commits = finder->compare(pages);
  finder->conclude(*commits, store.commit(*commits));
  std::ignore = finder->take_redis_use();
  int words = 1;
  while (finder->tell_redis_some() && words < 100)
    ++words;
  EXPECT_GE(words, 3) << "of " << streams * facts << " facts";
  EXPECT_EQ(finder->trouble(), "");
  EXPECT_FALSE(finder->has_news());
  store.facts["7_2"].hash = {9, 9}; // asked, the store would say that it changed
  EXPECT_EQ(read(plenty, true, "7_2", 2), 0u);
}

TEST_F(change_finder_test, what_was_not_told_yet_is_told_before_Redis_is_asked_about_its_stream) {
  read(plenty, true, "k", 1);
  auto second = writer(plenty); // knows nothing of k
  read(*second, "other", 1);
  store.facts["k"].hash = {9, 9};
  EXPECT_EQ(read(*second, "k", 1), 0u) << "Redis knows, and has the tag";
}

TEST_F(change_finder_test, a_writer_whose_stream_went_elsewhere_does_not_spoil_what_the_other_one_told) {
  auto early = writer(plenty);
  read(*early, "k", 1);
  early->tell_redis();
  read(*early, "k", 2);
  early->forget(); // the store did not answer, as after a claim by another
  read(plenty, true, "k", 3);
  early->tell_redis();
  store.facts["k"].hash = {9, 9};
  EXPECT_EQ(read(plenty, true, "k", 3), 0u);
}

TEST_F(change_finder_test, what_Redis_did_not_take_is_told_when_it_is_back) {
  auto first = writer(plenty);
  read(*first, "k", 1);
  redis.kill();
  first->tell_redis();
  EXPECT_NE(first->trouble(), "");
  EXPECT_TRUE(first->has_news());
  redis.start();
  await("Redis takes it", [&] {
    first->tell_redis();
    return !first->has_news();
  });
  store.facts["k"].hash = {9, 9};
  EXPECT_EQ(read(plenty, true, "k", 1), 0u);
}

TEST_F(change_finder_test, what_a_Redis_that_is_away_was_not_told_does_not_grow_without_end) {
  auto finder = writer(plenty);
  redis.kill();
  for (int i = 0; i <= 20'000; ++i)
    read(*finder, std::to_string(i), 1);
  finder->tell_redis();
  EXPECT_FALSE(finder->has_news()) << "of one stream more than a call may take";
}
