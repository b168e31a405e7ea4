#include "actors/storage/fact_verdict.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

stored_fact stored(int64_t counter, int64_t field = 0) {
  return {true, false, {0, 1}, {field, 1, counter}};
}

stored_fact tombstone(int64_t counter, int64_t field = 0) {
  return {true, true, {}, {field, 1, counter}};
}

/// A page requested at `sent` and here at `received`.
told_fact page(int64_t sent, int64_t received, int64_t field = 0) {
  told_fact told;
  told.order = {field, 1, received};
  told.doubt_from = fact_order{0, 1, sent};
  return told;
}

/// An event that may be `delay` late.
told_fact event(int64_t received, int64_t delay = 0, int64_t field = 0) {
  auto told = page(received - delay, received, field);
  told.is_of_event = true;
  return told;
}

told_fact deletion(told_fact told) {
  told.is_deleted = true;
  return told;
}

told_fact same(told_fact told) {
  told.is_same = true;
  return told;
}

constexpr auto nothing = std::optional<change_kind>{};

} // namespace

TEST(fact_verdict_test, a_page_that_was_requested_after_the_event_is_newer) {
  auto verdict = judge(stored(5), page(6, 9));
  EXPECT_EQ(verdict.change, change_kind::updated);
  EXPECT_EQ(verdict.order.counter, 9);
  EXPECT_FALSE(verdict.is_in_doubt);
}

TEST(fact_verdict_test, a_page_that_was_on_its_way_when_the_event_came_leaves_it_and_asks) {
  auto verdict = judge(stored(7), page(6, 9));
  EXPECT_EQ(verdict.change, nothing);
  EXPECT_EQ(verdict.counts_as, fact_count::refused_older);
  EXPECT_TRUE(verdict.is_in_doubt);
}

TEST(fact_verdict_test, an_event_leaves_what_a_page_saw_meanwhile_and_asks) {
  auto verdict = judge(stored(9), event(7));
  EXPECT_EQ(verdict.change, nothing) << "it may be the older one: the feed would step back";
  EXPECT_TRUE(verdict.is_in_doubt);
  EXPECT_EQ(verdict.order.counter, 9);
}

TEST(fact_verdict_test, events_of_an_api_that_keeps_their_order_leave_no_doubt) {
  EXPECT_FALSE(judge(stored(8), event(9)).is_in_doubt);
  EXPECT_TRUE(judge(stored(8), event(9, 3)).is_in_doubt) << "the one of 8 may have overtaken it";
  EXPECT_FALSE(judge(stored(5), event(9, 3)).is_in_doubt);
}

TEST(fact_verdict_test, where_their_fields_differ_the_field_decides_alone) {
  EXPECT_EQ(judge(stored(9, 40), event(10, 5, 39)).counts_as, fact_count::refused_older);
  EXPECT_FALSE(judge(stored(9, 40), event(10, 5, 39)).is_in_doubt);
  EXPECT_EQ(judge(stored(9, 40), page(6, 10, 41)).change, change_kind::updated);
  EXPECT_FALSE(judge(stored(9, 40), page(6, 10, 41)).is_in_doubt);
}

TEST(fact_verdict_test, two_edits_in_one_second_tie_and_are_asked_for) {
  EXPECT_TRUE(judge(stored(9, 40), event(10, 5, 40)).is_in_doubt);
  EXPECT_TRUE(judge(stored(9, 40), page(6, 10, 40)).is_in_doubt);
}

TEST(fact_verdict_test, a_deletion_without_a_field_is_as_new_as_what_it_deletes) {
  auto verdict = judge(stored(5, 40), deletion(event(9)));
  EXPECT_EQ(verdict.change, change_kind::deleted);
  EXPECT_EQ(verdict.order, (fact_order{40, 1, 9}));
}

TEST(fact_verdict_test, an_older_page_does_not_resurrect_what_an_event_deleted) {
  EXPECT_EQ(judge(tombstone(9, 40), page(6, 12, 40)).change, nothing);
  // The tombstone's field is that of the latest state that was seen: the page may show a later one, before its deletion.
  auto later_field = judge(tombstone(9, 40), page(6, 12, 41));
  EXPECT_EQ(later_field.change, nothing);
  EXPECT_TRUE(later_field.is_in_doubt);
}

TEST(fact_verdict_test, the_deletion_of_a_key_that_nobody_knew_is_kept_against_pages_on_their_way) {
  EXPECT_EQ(judge({}, deletion(event(9))).change, change_kind::reordered);
}

TEST(fact_verdict_test, a_page_requested_after_the_deletion_resurrects) {
  EXPECT_EQ(judge(tombstone(5, 40), page(6, 9, 40)).change, change_kind::inserted);
}

TEST(fact_verdict_test, equal_content_of_an_event_moves_the_order_without_a_change) {
  auto verdict = judge(stored(5), same(event(9)));
  EXPECT_EQ(verdict.change, change_kind::reordered);
  EXPECT_EQ(verdict.counts_as, fact_count::unchanged);
  EXPECT_EQ(judge(stored(5), same(page(6, 9))).change, nothing) << "of a page it would cost a row with each pass";
}

TEST(fact_verdict_test, what_another_shards_owner_knew_counts_as_earlier) {
  auto told = page(1, 3);
  told.order.epoch = 2;
  told.doubt_from = fact_order{0, 2, 1};
  EXPECT_FALSE(judge(stored(900), told).is_in_doubt);
}

TEST(fact_verdict_test, an_event_that_may_be_older_than_all_that_is_known_replaces_nothing_unless_its_field_is_newer) {
  auto told = event(3);
  told.order.epoch = 2;
  told.doubt_from = fact_order{}; // heard before this node was the owner, or just after it began to listen
  auto verdict = judge(stored(900), told);
  EXPECT_TRUE(verdict.is_in_doubt);
  EXPECT_EQ(verdict.change, nothing) << "the owner before has committed what came after it, and would be undone for a moment";
  EXPECT_EQ(judge(stored(900), same(told)).is_in_doubt, false);
  told.order.field = 1;
  EXPECT_EQ(judge(stored(900), told).change, change_kind::updated);
}

TEST(fact_verdict_test, without_live_capture_the_order_decides_alone) {
  auto told = page(6, 6);
  told.doubt_from.reset();
  EXPECT_EQ(judge(stored(5), told).change, change_kind::updated);
  auto older = judge(stored(7), told);
  EXPECT_EQ(older.counts_as, fact_count::refused_older);
  EXPECT_FALSE(older.is_in_doubt);
  EXPECT_EQ(judge(tombstone(7), told).counts_as, fact_count::refused_older);
  EXPECT_EQ(judge(tombstone(6), told).change, change_kind::inserted);
}
