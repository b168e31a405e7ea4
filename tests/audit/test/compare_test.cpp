#include "tests/audit/compare.hpp"

#include <gmock/gmock.h>

#include <deque>

namespace audit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint64_t seed = 42;

/// One tenant's truth and a store that holds exactly what it must; the tests then break the store.
struct compare_test : testing::Test {
  content_hash hash(std::string_view text) {
    canonical_maker maker;
    EXPECT_TRUE(maker.make(text)) << text;
    return hash_of(maker.result(), seed);
  }
  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }

  /// A key that was served in these versions, the last of which is the truth.
  truth_record& serve(const char* key, std::vector<std::string> versions) {
    truth_record record;
    record.stream = "posts";
    record.key = key;
    for (const auto& text : versions)
      record.served.push_back({record.served.size(), keep(text)});
    record.final = record.served.back().text;
    record.version = record.served.back().number;
    truth.records.push_back(record);
    return truth.records.back();
  }
  void store_row(const char* key, std::string payload, bool deleted = false) {
    auto text = keep(std::move(payload));
    store.rows.push_back({"posts", key, text, deleted ? content_hash{} : hash(text), deleted});
  }
  void feed(const char* key, const std::string& text) {
    store.feed.push_back({"posts", key, ++seq, text.empty() ? content_hash{} : hash(text)});
  }
  void keep_all(const char* key, const std::vector<std::string>& versions) {
    serve(key, versions);
    store_row(key, versions.back());
    for (const auto& text : versions)
      feed(key, text);
  }

  report audit() {
    limits.hash_seed = seed;
    return compare("acme", truth, store, limits);
  }
  std::vector<std::string> defects() {
    std::vector<std::string> names;
    for (const auto& each : audit().defects)
      names.push_back(std::string{defect_names[static_cast<size_t>(each.kind)]} + " " + each.key + ": " + each.detail);
    return names;
  }

  void SetUp() override {
    truth.records.reserve(20);
    keep_all("1", {a, b});
    keep_all("2", {c});
  }

  const std::string a = R"({"id":1,"price":1.10})", b = R"({"id":1,"price":2})", c = R"({"id":2,"name":"x"})";
  std::deque<std::string> texts;
  truth_of_tenant truth;
  store_of_tenant store;
  rules limits;
  int64_t seq = 0;
};

TEST_F(compare_test, finds_nothing_where_store_and_feed_hold_what_was_served) {
  auto result = audit();
  EXPECT_TRUE(result.is_clean());
  EXPECT_EQ(result.keys, 2);
  EXPECT_EQ(result.rows, 2);
  EXPECT_EQ(result.feed_entries, 3);
  EXPECT_EQ(result.versions_served, 3);
}

TEST_F(compare_test, sees_a_row_that_was_dropped) {
  store.rows.pop_back();
  EXPECT_THAT(defects(), ElementsAre("row_missing 2: the store has no such key"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, sees_a_row_that_was_marked_as_deleted) {
  store.rows.pop_back();
  store_row("2", "", true);
  EXPECT_THAT(defects(), ElementsAre("row_missing 2: the store says that it is deleted",
                                     "feed_stale 2: at seq 3: the feed ends alive, the row does not"));
  EXPECT_EQ(audit().lost, 1) << "counted in keys";
}

TEST_F(compare_test, sees_a_key_that_row_and_feed_lack) {
  serve("3", {R"({"id":3})"});
  EXPECT_THAT(defects(), ElementsAre("row_missing 3: the store has no such key", "feed_missing 3: the feed never named it"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, a_key_whose_deletion_was_told_before_it_was_served_need_not_be_named) {
  auto& truth_of_3 = serve("3", {R"({"id":3})"});
  truth_of_3.deleted = true;
  truth_of_3.final = {};
  store_row("3", "", true);
  EXPECT_THAT(defects(), ElementsAre("feed_missing 3: the feed never named it")) << "where nobody told of it";
  truth_of_3.was_told_deleted = true;
  EXPECT_THAT(defects(), IsEmpty());
}

TEST_F(compare_test, sees_a_field_that_was_altered) {
  store.rows.pop_back();
  store_row("2", R"({"id":2,"name":"y"})");
  EXPECT_THAT(defects(), ElementsAre(R"(row_altered 2: name: store "y", truth "x")"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, sees_the_text_of_a_number_that_was_altered) {
  keep_all("3", {R"({"id":3,"price":1.10})"});
  store.rows.pop_back();
  store_row("3", R"({"id":3,"price":1.1})");
  EXPECT_THAT(defects(), ElementsAre("row_altered 3: price: store 1.1, truth 1.10"));
}

TEST_F(compare_test, takes_another_spelling_of_the_same_record_for_the_same) {
  store.rows.pop_back();
  store_row("2", "{ \"name\" : \"\\u0078\", \"id\":2 }");
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, sees_a_stale_row) {
  store.rows.front().payload = keep(a);
  store.rows.front().hash = hash(a);
  EXPECT_THAT(defects(), ElementsAre("row_stale 1: version 0; price: store 1.10, truth 2"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, sees_a_hash_that_is_not_of_its_payload) {
  store.rows.front().hash = hash(a);
  EXPECT_THAT(defects(), ElementsAre("hash_wrong 1: its payload hashes to something else"));
  EXPECT_EQ(audit().damaged, 1);
}

TEST_F(compare_test, sees_an_entry_that_was_doubled) {
  store.feed.push_back({"posts", "1", 9, hash(b)});
  EXPECT_THAT(defects(), ElementsAre("entry_repeated 1: at seq 9: the same as at seq 2"));
  EXPECT_EQ(audit().duplicated, 1);
  EXPECT_EQ(audit().lost, 0);
}

TEST_F(compare_test, sees_an_entry_that_never_was_served) {
  store.feed.insert(store.feed.begin(), {"posts", "1", 0, hash("{}")});
  EXPECT_THAT(defects(), ElementsAre("entry_unserved 1: at seq 0: no such version was served"));
  EXPECT_EQ(audit().duplicated, 1);
}

TEST_F(compare_test, sees_entries_in_another_order) {
  std::swap(store.feed[0].hash, store.feed[1].hash);
  EXPECT_THAT(defects(),
              ElementsAre("entry_disordered 1: at seq 2: an earlier version again, it was not served after the one before",
                          "feed_stale 1: at seq 2: not the last version (1)"));
}

TEST_F(compare_test, sees_a_feed_that_ends_too_early) {
  store.feed.erase(store.feed.begin() + 1);
  EXPECT_THAT(defects(), ElementsAre("feed_stale 1: at seq 1: not the last version (1)"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, versions_that_no_pass_stored_may_be_missing_in_the_feed) {
  store.feed.erase(store.feed.begin());
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, a_version_that_came_back_is_two_changes) {
  keep_all("3", {R"({"v":1})", R"({"v":2})", R"({"v":1})"});
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, a_version_that_came_back_without_being_served_again_is_repeated) {
  serve("3", {R"({"v":1})", R"({"v":2})"});
  store_row("3", R"({"v":2})");
  for (const auto* text : {R"({"v":1})", R"({"v":2})", R"({"v":1})", R"({"v":2})"})
    feed("3", text);
  EXPECT_EQ(audit().duplicated, 2);
}

TEST_F(compare_test, sees_a_key_that_the_api_never_had) {
  store_row("9", R"({"id":9})");
  EXPECT_THAT(defects(), ElementsAre("row_unserved 9: the API never had this key"));
  EXPECT_EQ(audit().duplicated, 1);
}

TEST_F(compare_test, the_truth_counts_even_if_it_never_was_served) {
  truth.records.front().final = keep(R"({"id":1,"price":3})");
  EXPECT_THAT(defects(), ElementsAre("row_stale 1: version 1; price: store 2, truth 3",
                                     "feed_stale 1: at seq 2: not the last version (1)"));
}

TEST_F(compare_test, sees_a_deleted_key_that_is_still_alive) {
  truth.records.front().deleted = true;
  truth.records.front().final = {};
  EXPECT_THAT(defects(), ElementsAre("row_not_deleted 1: the API deleted it, the store has it"));
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, deleted_keys_may_live_on_where_no_full_pass_was_made) {
  truth.records.front().deleted = true;
  truth.records.front().final = {};
  limits.keep_deleted = true;
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, a_deletion_is_an_entry_and_a_row_that_says_so) {
  truth.records.front().deleted = true;
  truth.records.front().final = {};
  store.rows.front() = {"posts", "1", "", {}, true};
  feed("1", "");
  EXPECT_TRUE(audit().is_clean());
  feed("1", "");
  EXPECT_THAT(defects(), ElementsAre("entry_repeated 1: at seq 5: the same as at seq 4"));
}

TEST_F(compare_test, sees_a_deletion_that_never_happened) {
  feed("1", "");
  feed("1", b);
  EXPECT_THAT(defects(),
              ElementsAre("entry_disordered 1: at seq 5: an earlier version again, it was not served after the one before"));
}

TEST_F(compare_test, sees_a_deletion_in_the_feed_of_a_record_that_lives) {
  feed("2", "");
  EXPECT_THAT(defects(), ElementsAre("entry_unserved 2: at seq 4: says deleted, the API has it",
                                     "feed_stale 2: at seq 4: the feed ends deleted, the row does not"));
}

TEST_F(compare_test, a_tenant_held_to_what_it_was_served_need_not_have_more) {
  limits.served_only = true;
  serve("3", {R"({"id":3})"}).served.clear();
  truth.records.front().final = keep(R"({"id":1,"price":3})");
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, a_tenant_held_to_what_it_was_served_must_have_that) {
  limits.served_only = true;
  store.rows.pop_back();
  EXPECT_THAT(defects(), ElementsAre("row_missing 2: the store has no such key"));
}

TEST_F(compare_test, a_tenant_held_to_what_it_was_served_can_have_nothing_else) {
  limits.served_only = true;
  truth.records.back().served.clear();
  EXPECT_THAT(defects(), ElementsAre("row_unserved 2: it never was served", "entry_unserved 2: at seq 3: no such version "
                                                                            "was served"));
}

TEST_F(compare_test, a_version_that_may_not_have_arrived_may_be_missing_where_only_served_ones_count) {
  limits.served_only = true;
  truth.records.front().uncertain = true;
  store.rows.front().payload = keep(a);
  store.rows.front().hash = hash(a);
  store.feed.erase(store.feed.begin() + 1);
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, ignored_fields_are_not_compared) {
  limits.ignored["posts"] = {parse_path("seen")};
  serve("3", {R"({"id":3,"seen":1})", R"({"id":3,"seen":2})"});
  store.rows.push_back({"posts", "3", keep(R"({"id":3,"seen":1})"), hash(R"({"id":3})"), false});
  feed("3", R"({"id":3})");
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, streams_that_were_not_asked_for_are_left_alone) {
  truth.records.push_back(serve("1", {R"({"other":1})"}));
  truth.records.back().stream = "comments";
  truth.records.erase(truth.records.end() - 2);
  EXPECT_EQ(audit().lost, 1);
  limits.streams = {"posts"};
  EXPECT_TRUE(audit().is_clean());
}

TEST_F(compare_test, dead_letters_excuse_only_where_that_is_allowed) {
  serve("3", {R"({"id":3})", R"({"id":3,"poison":1})"});
  store_row("3", R"({"id":3})");
  feed("3", R"({"id":3})");
  store.dead.push_back({"posts", keep(R"({"id":3,"poison":1})")});
  EXPECT_EQ(audit().lost, 1);
  limits.accept_dead_letters = true;
  EXPECT_TRUE(audit().is_clean());
  EXPECT_EQ(audit().dead_lettered, 1);
}

TEST_F(compare_test, a_record_that_the_audit_cannot_read_proves_nothing) {
  serve("3", {"{broken"});
  EXPECT_EQ(audit().kinds[static_cast<size_t>(defect_kind::truth_unreadable)], 1);
  EXPECT_EQ(audit().lost, 1);
}

TEST_F(compare_test, counts_all_defects_and_describes_the_first_ones) {
  store.rows.clear();
  limits.list_at_most = 1;
  auto result = audit();
  EXPECT_EQ(result.lost, 2);
  EXPECT_EQ(result.defects.size(), 1u);
}

} // namespace
} // namespace audit
