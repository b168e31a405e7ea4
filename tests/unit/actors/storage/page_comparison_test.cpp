#include "actors/storage/page_comparison.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

constexpr shard_id shard{3};
constexpr stream_id stream{9};

hashed_record record(std::string key, uint64_t content, int64_t field = 0) {
  return {std::move(key), "{\"v\":" + std::to_string(content) + "}", {0, content}, field};
}

hashed_page page(int64_t counter, std::vector<hashed_record> records) {
  hashed_page result;
  result.shard = shard;
  result.stream = stream;
  result.stamp = {0, 1, counter};
  result.records = std::move(records);
  return result;
}

stored_fact stored(uint64_t content, int64_t counter = 0, int64_t field = 0) {
  return {true, false, {0, content}, {field, 1, counter}};
}

/// Commits `pages` over a store that holds `facts`.
std::vector<page_commit> compare(const std::vector<hashed_page>& pages, std::map<std::string, stored_fact> facts = {}) {
  page_comparison comparison;
  for (const auto& [wanted, keys] : page_comparison::keys_of(pages)) {
    std::vector<stored_fact> found;
    for (auto key : keys)
      found.push_back(facts[std::string{key}]);
    comparison.learn(wanted, keys, found);
  }
  std::vector<page_commit> result;
  for (const auto& each : pages)
    result.push_back(comparison.compare(each));
  return result;
}

std::vector<change_kind> kinds(const page_commit& commit) {
  std::vector<change_kind> result;
  for (const auto& change : commit.changes)
    result.push_back(change.kind);
  return result;
}

} // namespace

TEST(page_comparison_test, what_one_run_saw_again_is_not_overwritten_by_what_another_had_asked_for_before) {
  auto seen_again = page(5, {record("a", 1)});
  auto asked_before = page(3, {record("a", 2)});
  seen_again.is_beside_another_run = asked_before.is_beside_another_run = true;
  auto commits = compare({seen_again, asked_before}, {{"a", stored(1, 1)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reordered});
  EXPECT_EQ(commits[0].counters.unchanged, 1);
  EXPECT_TRUE(commits[1].changes.empty());
  EXPECT_EQ(commits[1].counters.refused_older, 1);
}

TEST(page_comparison_test, with_one_run_at_a_time_an_unchanged_record_costs_nothing) {
  auto commits = compare({page(5, {record("a", 1)})}, {{"a", stored(1, 1)}});
  EXPECT_TRUE(commits[0].changes.empty());
}

TEST(page_comparison_test, a_new_key_is_an_insert_and_a_known_content_no_change) {
  auto commits = compare({page(5, {record("a", 1), record("b", 2)})}, {{"b", stored(2)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::inserted});
  EXPECT_EQ(commits[0].counters.inserted, 1);
  EXPECT_EQ(commits[0].counters.unchanged, 1);
  EXPECT_EQ(commits[0].counters.records, 2);
}

TEST(page_comparison_test, A_to_B_to_A_within_a_group_is_two_changes) {
  auto commits = compare({page(5, {record("k", 2)}), page(6, {record("k", 1)})}, {{"k", stored(1)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_EQ(kinds(commits[1]), std::vector{change_kind::updated});
  EXPECT_EQ(commits[1].changes[0].hash, (content_hash{0, 1}));
}

TEST(page_comparison_test, the_same_content_twice_in_a_group_is_one_change) {
  auto commits = compare({page(5, {record("k", 2), record("k", 2)}), page(6, {record("k", 2)})});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::inserted});
  EXPECT_TRUE(commits[1].changes.empty());
}

TEST(page_comparison_test, a_fact_with_an_older_logical_time_is_refused_and_counted) {
  auto commits = compare({page(5, {record("k", 2)})}, {{"k", stored(1, 6)}});
  EXPECT_TRUE(commits[0].changes.empty());
  EXPECT_EQ(commits[0].counters.refused_older, 1);
}

TEST(page_comparison_test, the_first_page_of_a_new_epoch_is_newer_than_all_pages_of_the_epoch_before) {
  auto successors = page(1, {record("k", 2)});
  successors.stamp.epoch = 2;
  auto commits = compare({successors, page(501, {record("k", 3)})}, {{"k", stored(1, 500)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_TRUE(commits[1].changes.empty());
  EXPECT_EQ(commits[1].counters.refused_older, 1);
}

TEST(page_comparison_test, the_sources_own_field_decides_before_logical_time) {
  auto commits = compare({page(9, {record("k", 2, 100)})}, {{"k", stored(1, 1, 200)}});
  EXPECT_EQ(commits[0].counters.refused_older, 1);
  commits = compare({page(1, {record("k", 2, 300)})}, {{"k", stored(1, 9, 200)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
}

TEST(page_comparison_test, two_edits_in_one_tick_of_the_field_are_ordered_by_logical_time) {
  auto commits = compare({page(4, {record("k", 2, 100)})}, {{"k", stored(1, 5, 100)}});
  EXPECT_EQ(commits[0].counters.refused_older, 1);
}

TEST(page_comparison_test, equal_content_with_a_newer_field_moves_the_order_without_a_feed_entry) {
  auto commits = compare({page(5, {record("k", 1, 300)}), page(6, {record("k", 2, 250)})}, {{"k", stored(1, 1, 200)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reordered});
  EXPECT_EQ(commits[1].counters.refused_older, 1) << "a version between the two must not pass";
}

TEST(page_comparison_test, logical_time_alone_never_rewrites_an_unchanged_record) {
  auto commits = compare({page(500, {record("k", 1)})}, {{"k", stored(1, 1)}});
  EXPECT_TRUE(commits[0].changes.empty());
}

TEST(page_comparison_test, a_deleted_key_that_comes_back_with_its_old_content_is_an_insert) {
  stored_fact tombstone{true, true, {}, {0, 1, 4}};
  auto commits = compare({page(5, {record("k", 1)})}, {{"k", tombstone}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::inserted});
  commits = compare({page(3, {record("k", 1)})}, {{"k", tombstone}});
  EXPECT_EQ(commits[0].counters.refused_older, 1) << "a fact from before the delete must not resurrect it";
}

TEST(page_comparison_test, the_same_key_of_two_streams_are_two_records) {
  auto other = page(5, {record("k", 1)});
  other.stream = stream_id{10};
  auto commits = compare({page(5, {record("k", 1)}), other});
  EXPECT_EQ(commits[0].counters.inserted + commits[1].counters.inserted, 2);
}
