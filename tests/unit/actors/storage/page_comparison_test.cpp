#include "actors/storage/page_comparison.hpp"

#include <gtest/gtest.h>

#include "runtime/extraction/record_form.hpp"

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

constexpr size_t plenty = 1 << 20;

/// Commits `pages` over a store that holds `facts` and a cache that remembers.
std::vector<page_commit> compare(fact_cache& cache, const std::vector<hashed_page>& pages,
                                 std::map<std::string, stored_fact> facts = {},
                                 const std::map<std::string, std::string>& payloads = {}) {
  page_comparison comparison{cache, pages};
  for (const auto& [wanted, keys] : comparison.wanted()) {
    std::vector<stored_fact> found;
    for (auto key : keys)
      found.push_back(facts[std::string{key}]);
    auto foreign = comparison.learn(wanted, keys, found);
    std::vector<std::string> texts;
    for (auto key : foreign)
      texts.push_back(payloads.at(std::string{key}));
    comparison.learn_payloads(wanted, foreign, std::move(texts));
  }
  return comparison.compare(7);
}

/// ... without a cache.
std::vector<page_commit> compare(const std::vector<hashed_page>& pages, std::map<std::string, stored_fact> facts = {}) {
  fact_cache nothing{plenty};
  return compare(nothing, pages, std::move(facts));
}

fact_cache begun(bool is_complete = true) {
  fact_cache cache{plenty};
  cache.begin({shard, stream}, {}, {is_complete, 0});
  return cache;
}

page_outcome ended(commit_status status, std::vector<std::string> dead_lettered = {}) {
  page_outcome outcome;
  outcome.status = status;
  outcome.dead_lettered = std::move(dead_lettered);
  return outcome;
}

void commit(fact_cache& cache, const page_commit& page) {
  remember(cache, page, ended(commit_status::committed));
}

std::vector<change_kind> kinds(const page_commit& commit) {
  std::vector<change_kind> result;
  for (const auto& change : commit.changes)
    result.push_back(change.kind);
  return result;
}

const form_pointer plain = std::make_shared<const record_form>(std::vector<field_path>{}, 42);
const form_pointer without_views = std::make_shared<const record_form>(std::vector<field_path>{{"views"}}, 42);

/// A page of one record "k" of this text, hashed in `form`.
hashed_page page_in(const form_pointer& form, int64_t counter, std::string text, int64_t field = 0) {
  auto result = page(counter, {});
  auto hash = *form->hash(text);
  result.records.push_back({"k", std::move(text), hash, field});
  result.form = form;
  return result;
}

stored_fact stored_in(const form_pointer& form, const std::string& text, int64_t counter = 1, int64_t field = 0) {
  return {true, false, *form->hash(text), {field, 1, counter}, form->number};
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

TEST(page_comparison_test, only_a_key_of_which_the_store_holds_nothing_is_said_to_be_its_first) {
  auto gone = stored(1);
  gone.deleted = true;
  auto changes = compare({page(5, {record("new", 1), record("gone", 2), record("known", 3), record("new", 4)})},
                         {{"gone", gone}, {"known", stored(1)}})[0].changes;
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_TRUE(changes[0].is_first);
  EXPECT_FALSE(changes[1].is_first) << "a tombstone has a row";
  EXPECT_FALSE(changes[2].is_first);
  EXPECT_FALSE(changes[3].is_first) << "the group has inserted it";
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

TEST(page_comparison_test, what_was_committed_is_known_without_asking_the_store) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  std::vector pages{page(2, {record("a", 1), record("b", 1)})};
  page_comparison comparison{cache, pages};
  EXPECT_TRUE(comparison.wanted().empty()); // a is unchanged; b was never there
  auto commits = comparison.compare(7);
  EXPECT_EQ(commits[0].counters.unchanged, 1);
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::inserted});
}

TEST(page_comparison_test, what_is_not_committed_yet_is_not_known) {
  auto cache = begun(false);
  compare(cache, {page(1, {record("a", 1)})});
  std::vector pages{page(1, {record("a", 1)})};
  EXPECT_EQ((page_comparison{cache, pages}.wanted().size()), 1u);
}

TEST(page_comparison_test, a_change_is_judged_by_the_store_not_by_the_cache) {
  auto cache = begun();
  commit(cache, compare(cache, {page(5, {record("a", 1)})})[0]);
  auto commits = compare(cache, {page(3, {record("a", 2)})}, {{"a", stored(1, 5)}});
  EXPECT_EQ(commits[0].counters.refused_older, 1);
}

TEST(page_comparison_test, A_to_B_to_A_within_a_group_is_two_changes_although_the_cache_knows_A) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  auto commits = compare(cache, {page(2, {record("a", 2)}), page(3, {record("a", 1)})}, {{"a", stored(1, 1)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_EQ(kinds(commits[1]), std::vector{change_kind::updated});
}

TEST(page_comparison_test, A_to_B_to_A_over_three_commits_is_two_changes) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  commit(cache, compare(cache, {page(2, {record("a", 2)})}, {{"a", stored(1, 1)}})[0]);
  auto commits = compare(cache, {page(3, {record("a", 1)})}, {{"a", stored(2, 2)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
}

TEST(page_comparison_test, equal_content_with_a_newer_field_is_not_unchanged_to_the_cache) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1, 10)})})[0]);
  auto commits = compare(cache, {page(2, {record("a", 1, 20)})}, {{"a", stored(1, 1, 10)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reordered});
}

TEST(page_comparison_test, beside_another_run_the_store_is_asked_for_the_order_of_unchanged_records) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  auto again = page(5, {record("a", 1)});
  again.is_beside_another_run = true;
  auto commits = compare(cache, {again}, {{"a", stored(1, 1)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reordered});
}

TEST(page_comparison_test, what_the_database_refused_is_not_known) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  remember(cache, compare(cache, {page(2, {record("a", 2)})}, {{"a", stored(1, 1)}})[0],
           ended(commit_status::committed, {"a"}));
  std::vector pages{page(3, {record("a", 2)})};
  EXPECT_EQ((page_comparison{cache, pages}.wanted().size()), 1u);
}

TEST(page_comparison_test, another_epoch_knows_nothing) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  auto later = page(2, {record("a", 1)});
  later.epoch = shard_epoch{2};
  std::vector pages{later};
  EXPECT_EQ((page_comparison{cache, pages}.wanted().size()), 1u);
}

TEST(page_comparison_test, a_refused_fence_ends_what_is_known_of_the_shard) {
  auto cache = begun();
  auto commits = compare(cache, {page(1, {record("a", 1)})});
  commit(cache, commits[0]);
  remember(cache, commits[0], ended(commit_status::refused_fence));
  EXPECT_EQ(cache.find({shard, stream}, {}), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(page_comparison_test, a_record_that_differs_only_in_what_is_ignored_from_now_on_changes_its_form_and_nothing_else) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache, {page_in(without_views, 5, R"({"views":9,"id":1})")}, {{"k", stored_in(plain, before)}},
                         {{"k", before}});
  ASSERT_EQ(kinds(commits[0]), std::vector{change_kind::reformed});
  const auto& change = commits[0].changes[0];
  EXPECT_EQ(change.hash, *without_views->hash(before));
  EXPECT_EQ(change.order, (fact_order{0, 1, 1})) << "what stays stored is no newer than it was";
  EXPECT_EQ(change.payload, "");
  EXPECT_EQ(commits[0].form, without_views->number);
  EXPECT_EQ(commits[0].counters.unchanged, 1);
}

TEST(page_comparison_test, a_record_that_really_changed_is_a_change_in_another_form_too) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache, {page_in(without_views, 5, R"({"id":1,"views":7,"name":"new"})")},
                         {{"k", stored_in(plain, before)}}, {{"k", before}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_EQ(commits[0].counters.updated, 1);
}

TEST(page_comparison_test, a_field_that_is_ignored_no_longer_is_compared_with_what_is_stored_of_it) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache, {page_in(plain, 5, R"({"id":1})")}, {{"k", stored_in(without_views, before)}}, {{"k", before}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated}) << "although both hashes are the same";
  commits = compare(cache, {page_in(plain, 5, before)}, {{"k", stored_in(without_views, before)}}, {{"k", before}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reformed});
}

TEST(page_comparison_test, the_same_hash_of_another_form_is_no_answer_of_the_cache) {
  auto cache = begun();
  commit(cache, compare(cache, {page_in(without_views, 1, R"({"id":1,"views":7})")})[0]);
  std::vector pages{page_in(plain, 2, R"({"id":1})")};
  EXPECT_EQ((page_comparison{cache, pages}.wanted().size()), 1u);
}

TEST(page_comparison_test, a_record_in_its_new_form_is_known_to_the_cache) {
  auto cache = begun();
  const std::string before = R"({"id":1,"views":7})";
  commit(cache, compare(cache, {page_in(plain, 1, before)})[0]);
  commit(cache, compare(cache, {page_in(without_views, 2, R"({"id":1,"views":8})")}, {{"k", stored_in(plain, before)}},
                        {{"k", before}})[0]);
  std::vector pages{page_in(without_views, 3, R"({"id":1,"views":9})")};
  EXPECT_TRUE((page_comparison{cache, pages}.wanted().empty()));
}

TEST(page_comparison_test, another_form_and_a_newer_field_are_told_one_after_the_other) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache, {page_in(without_views, 5, R"({"id":1,"views":8})", 300)},
                         {{"k", stored_in(plain, before, 1, 200)}}, {{"k", before}});
  EXPECT_EQ(kinds(commits[0]), (std::vector{change_kind::reformed, change_kind::reordered}));
}

TEST(page_comparison_test, a_change_after_the_new_form_in_one_group_is_a_change_and_the_form_is_told_once) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache,
                         {page_in(without_views, 5, R"({"id":1,"views":8})"), page_in(without_views, 6, R"({"id":1,"views":9})"),
                          page_in(without_views, 7, R"({"id":1,"name":"new"})")},
                         {{"k", stored_in(plain, before)}}, {{"k", before}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reformed});
  EXPECT_TRUE(commits[1].changes.empty());
  EXPECT_EQ(kinds(commits[2]), std::vector{change_kind::updated});
}

TEST(page_comparison_test, pages_of_two_forms_in_one_group_make_no_false_change) {
  fact_cache cache{plenty};
  const std::string before = R"({"id":1,"views":7})";
  auto commits = compare(cache, {page_in(plain, 5, before), page_in(without_views, 6, R"({"id":1,"views":8})"), page_in(plain, 7, before)},
                         {{"k", stored_in(plain, before)}}, {{"k", before}});
  EXPECT_TRUE(commits[0].changes.empty());
  EXPECT_EQ(kinds(commits[1]), std::vector{change_kind::reformed});
  EXPECT_TRUE(commits[2].changes.empty());
}

TEST(page_comparison_test, an_older_page_in_another_form_overwrites_nothing_newer) {
  fact_cache cache{plenty};
  const std::string now = R"({"id":1,"name":"new"})";
  auto commits = compare(cache, {page_in(without_views, 5, R"({"id":1,"name":"old"})")}, {{"k", stored_in(plain, now, 9)}},
                         {{"k", now}});
  EXPECT_TRUE(commits[0].changes.empty());
  EXPECT_EQ(commits[0].counters.refused_older, 1);
}

TEST(page_comparison_test, a_refused_version_ends_what_is_known_of_the_stream) {
  auto cache = begun();
  auto commits = compare(cache, {page(1, {record("a", 1)})});
  commit(cache, commits[0]);
  remember(cache, commits[0], ended(commit_status::refused_version));
  EXPECT_EQ(cache.find({shard, stream}, {}), nullptr) << "the store may have lost what it had confirmed";
}

TEST(page_comparison_test, a_page_of_a_full_pass_says_what_it_saw) {
  auto seen = page(3, {record("a", 1), record("b", 2)});
  EXPECT_TRUE(compare({seen})[0].marks.empty());
  seen.pass = run_id{4};
  auto marks = compare({seen}, {{"a", stored(1)}})[0].marks;
  EXPECT_EQ(marks, (std::vector{print_of("a", {}, 0).key, print_of("b", {9, 9}, 9).key})) << "unchanged ones too";
}

TEST(page_comparison_test, what_cannot_be_told_from_others_is_marked_as_such) {
  auto seen = page(3, {});
  seen.pass = run_id{4};
  seen.dead = {{"k", "{", "unreadable"}, {"", "[]", "no object"}};
  EXPECT_EQ(compare({seen})[0].marks, (std::vector{print_of("k", {}, 0).key, unreadable_mark}));
  seen.dead.clear();
  seen.is_unsure = true;
  EXPECT_EQ(compare({seen})[0].marks, std::vector{unreadable_mark});
}

TEST(page_comparison_test, a_sweep_deletes_what_is_older_than_its_pass) {
  auto sweep = page(10, {});
  sweep.is_sweep = true;
  sweep.unseen = {"older", "newer", "gone", "never"};
  stored_fact gone{true, true, {}, {0, 1, 2}};
  auto commits = compare({sweep}, {{"older", stored(1, 9, 77)}, {"newer", stored(1, 10)}, {"gone", gone}});
  ASSERT_EQ(commits[0].changes.size(), 1u);
  const auto& change = commits[0].changes[0];
  EXPECT_EQ(change.kind, change_kind::deleted);
  EXPECT_EQ(change.key, "older");
  EXPECT_EQ(change.hash, content_hash{});
  EXPECT_EQ(change.order, (fact_order{77, 1, 10})) << "its own order, as of the beginning of the pass";
  EXPECT_EQ(commits[0].counters.deleted, 1);
  EXPECT_EQ(commits[0].counters.pages, 0);
}

TEST(page_comparison_test, what_another_page_of_the_group_brought_is_not_swept) {
  auto sweep = page(10, {});
  sweep.is_sweep = true;
  sweep.unseen = {"a"};
  auto commits = compare({page(11, {record("a", 2)}), sweep}, {{"a", stored(1)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_TRUE(commits[1].changes.empty());
}

TEST(page_comparison_test, the_cache_learns_a_delete_so_that_the_same_content_again_is_an_insert) {
  auto cache = begun();
  commit(cache, compare(cache, {page(1, {record("a", 1)})})[0]);
  auto sweep = page(10, {});
  sweep.is_sweep = true;
  sweep.unseen = {"a"};
  commit(cache, compare(cache, {sweep}, {{"a", stored(1, 1)}})[0]);
  stored_fact tombstone{true, true, {}, {0, 1, 10}};
  EXPECT_EQ(kinds(compare(cache, {page(11, {record("a", 1)})}, {{"a", tombstone}})[0]), std::vector{change_kind::inserted});
}

// -- events beside pages ----------------------------------------------------------------------------------------------

namespace {

/// Of a connection that listens: requested at `sent`, here at `received`.
hashed_page live_page(int64_t sent, int64_t received, std::vector<hashed_record> records) {
  auto result = page(received, std::move(records));
  result.doubt_from = fact_order{0, 1, sent};
  result.recheck_in = std::chrono::seconds{1};
  return result;
}

/// What came over a listener whose API keeps the order; each record with the counter of its receipt.
hashed_page events(std::vector<hashed_record> records) {
  const auto last = records.back().counter;
  auto result = page(last, std::move(records));
  result.recheck_in = std::chrono::seconds{1};
  result.is_of_events = true;
  return result;
}

hashed_record event(std::string key, uint64_t content, int64_t counter) {
  auto result = record(std::move(key), content);
  result.counter = counter;
  return result;
}

hashed_record deletion(std::string key, int64_t counter) {
  hashed_record result;
  result.key = std::move(key);
  result.counter = counter;
  result.is_deleted = true;
  return result;
}

std::vector<std::string> doubted(const page_commit& commit) {
  std::vector<std::string> result;
  for (const auto& doubt : commit.rechecks)
    result.push_back(doubt.key);
  return result;
}

} // namespace

TEST(page_comparison_test, each_event_has_the_order_of_its_own_receipt) {
  auto commit = compare({events({event("k", 2, 8), event("k", 3, 9)})}, {{"k", stored(1, 5)}})[0];
  ASSERT_EQ(commit.changes.size(), 2u);
  EXPECT_EQ(commit.changes[0].order.counter, 8);
  EXPECT_EQ(commit.changes[1].order.counter, 9);
  EXPECT_TRUE(commit.rechecks.empty());
}

TEST(page_comparison_test, an_event_that_deletes_leaves_a_tombstone_which_a_page_on_its_way_does_not_undo) {
  auto commits = compare({events({deletion("k", 8)}), live_page(6, 9, {record("k", 1)})}, {{"k", stored(1, 5)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::deleted});
  EXPECT_EQ(commits[0].counters.deleted, 1);
  EXPECT_TRUE(commits[1].changes.empty());
  EXPECT_EQ(doubted(commits[1]), std::vector<std::string>{"k"});
  EXPECT_EQ(commits[1].rechecks[0].asked.counter, 9) << "what is fetched later settles it";
  EXPECT_EQ(commits[1].rechecks[0].due_in, std::chrono::seconds{1});
}

TEST(page_comparison_test, the_deletion_of_a_key_that_was_never_seen_is_kept_and_told_nobody) {
  auto commit = compare({events({deletion("k", 8)})})[0];
  ASSERT_EQ(kinds(commit), std::vector{change_kind::reordered});
  EXPECT_EQ(commit.changes[0].hash, content_hash{});
  EXPECT_FALSE(commit.changes[0].is_first) << "the short way of writing has no tombstones";
}

TEST(page_comparison_test, a_deletion_that_is_told_twice_is_one) {
  auto commit = compare({events({deletion("k", 8), deletion("k", 9)})}, {{"k", stored(1, 5)}})[0];
  EXPECT_EQ(kinds(commit), (std::vector{change_kind::deleted, change_kind::reordered}));
}

TEST(page_comparison_test, the_same_fact_from_both_ways_is_one_change) {
  auto commits = compare({events({event("k", 2, 8)}), live_page(6, 9, {record("k", 2)})}, {{"k", stored(1, 5)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::updated});
  EXPECT_TRUE(commits[1].changes.empty());
  EXPECT_TRUE(commits[1].rechecks.empty());
}

TEST(page_comparison_test, of_an_event_that_tells_nothing_new_the_order_counts_even_if_memory_knows_the_content) {
  auto cache = begun();
  commit(cache, compare(cache, {page(5, {record("k", 1)})})[0]);
  auto commits = compare(cache, {events({event("k", 1, 9)})}, {{"k", stored(1, 5)}});
  EXPECT_EQ(kinds(commits[0]), std::vector{change_kind::reordered});
}

TEST(page_comparison_test, a_forgotten_tombstone_is_not_taken_for_content) {
  auto cache = begun();
  auto deleted = compare(cache, {events({event("k", 1, 7), deletion("k", 8)})})[0];
  commit(cache, deleted);
  auto twice = compare(cache, {events({deletion("k", 9)})}, {{"k", {true, true, {}, {0, 1, 8}}}})[0];
  EXPECT_EQ(kinds(twice), std::vector{change_kind::reordered});
  commit(cache, twice);
  auto back = compare(cache, {live_page(10, 11, {record("k", 1)})}, {{"k", {true, true, {}, {0, 1, 9}}}})[0];
  EXPECT_EQ(kinds(back), std::vector{change_kind::inserted});
}

TEST(page_comparison_test, notices_and_what_was_fetched_for_a_doubt_go_into_the_commit) {
  auto noticed = live_page(7, 8, {});
  noticed.is_of_events = true;
  noticed.doubts = {"n"};
  auto fetched = live_page(9, 10, {record("k", 1)});
  fetched.rechecked = {{"k", {0, 1, 6}}};
  auto commits = compare({noticed, fetched});
  EXPECT_EQ(doubted(commits[0]), std::vector<std::string>{"n"});
  EXPECT_EQ(commits[0].rechecks[0].asked.counter, 8);
  ASSERT_EQ(commits[1].rechecked.size(), 1u);
  EXPECT_EQ(commits[1].rechecked[0].asked.counter, 6);
}
