#include "tests/contract/storage/live_contract.hpp"

/// Events as the writer commits them: pages of no continuation, deletes among them, and keys that are open to doubt.
namespace lode::test {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using enum commit_status;

class recheck_contract : public live_contract {
protected:
  page_commit event(std::vector<record_change> changes) const {
    auto out = page_of(connection_, {}, {}, 0);
    out.move = {};
    out.counters = {};
    for (const auto& change : changes)
      out.counters.deleted += change.kind == change_kind::deleted ? 1 : 0;
    out.changes = std::move(changes);
    return out;
  }

  static raised_doubt doubt(const std::string& key, int64_t counter, std::chrono::microseconds due_in = 0s) {
    return {key, due_in, {0, 1, counter}};
  }
  page_commit raising(std::vector<raised_doubt> doubts) const {
    auto out = event({});
    out.rechecks = std::move(doubts);
    return out;
  }
  page_commit settling(const std::string& key, int64_t counter) const {
    auto out = event({});
    out.rechecked = {{key, {0, 1, counter}}};
    return out;
  }

  std::vector<recheck_row> rows(std::chrono::microseconds within = 0s) { return *live_->load_rechecks(connection_.id, within, 100); }
  /// Those on the list, as "KEY COUNTER".
  std::vector<std::string> words(std::chrono::microseconds within = 24h) {
    std::vector<std::string> out;
    for (const auto& row : rows(within))
      out.push_back(row.key + " " + std::to_string(row.asked.counter));
    return out;
  }
};

TEST_P(recheck_contract, a_doubt_is_on_the_list_with_the_commit_and_due_after_its_time) {
  auto page = event({insert("a", 1)});
  page.rechecks = {doubt("a", 1), doubt("b", 2, 1h)};
  ASSERT_EQ(commit_one(page), committed);
  EXPECT_EQ(fact("a").hash.high, 1u);
  EXPECT_THAT(words(0s), ElementsAre("a 1"));
  EXPECT_THAT(words(2h), ElementsAre("a 1", "b 2"));
  auto later = rows(2h).at(1);
  EXPECT_EQ(later.stream, posts_);
  EXPECT_EQ(later.asked, (fact_order{0, 1, 2}));
  EXPECT_EQ(later.attempts, 0);
  EXPECT_GT(later.due_in, 50min);
  EXPECT_LE(later.due_in, 1h);
  EXPECT_EQ(live_->load_rechecks(connection_.id, 2h, 1)->size(), 1u);
  EXPECT_THAT(*live_->load_rechecks(connect("globex").id, 2h, 10), IsEmpty());
  EXPECT_EQ(live_->count_live()->rechecks, 2);
}

TEST_P(recheck_contract, a_page_that_is_refused_raises_and_settles_nothing) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1)})), committed);
  auto of_a_zombie = raising({doubt("b", 1)});
  of_a_zombie.rechecked = {{"a", {0, 1, 1}}};
  of_a_zombie.epoch = {99};
  EXPECT_EQ(commit_one(of_a_zombie), refused_fence);
  auto stale = page(7);
  stale.rechecks = {doubt("b", 1)};
  EXPECT_THAT(statuses(commit({stale, raising({doubt("c", 1)})})), ElementsAre(refused_version, again));
  EXPECT_THAT(words(), ElementsAre("a 1"));
}

TEST_P(recheck_contract, a_fetch_settles_the_doubt_that_it_was_made_for_and_no_later_one) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1), doubt("b", 1)})), committed);
  ASSERT_EQ(commit_one(raising({doubt("a", 5)})), committed) << "while a is being fetched";
  commit({settling("a", 1), settling("b", 1)});
  EXPECT_THAT(words(), ElementsAre("a 5"));
  commit({settling("a", 5)});
  EXPECT_THAT(words(), IsEmpty());
  EXPECT_EQ(commit_one(settling("a", 5)), committed) << "told again after a lost answer";
}

TEST_P(recheck_contract, the_later_doubt_about_a_key_counts_whatever_its_field_says) {
  auto ordered = raising({{"a", 1h, {1'000, 1, 1}}});
  ASSERT_EQ(commit_one(ordered), committed);
  ASSERT_EQ(commit_one(raising({doubt("a", 2)})), committed) << "a notice has no field";
  EXPECT_THAT(words(), ElementsAre("a 2"));
  EXPECT_THAT(words(0s), IsEmpty()) << "due when the later of both is";
  ASSERT_EQ(commit_one(ordered), committed);
  EXPECT_THAT(words(), ElementsAre("a 2")) << "an earlier one that comes late changes nothing";
}

TEST_P(recheck_contract, one_group_may_settle_a_key_and_doubt_it_again_and_again) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1)})), committed);
  auto fetched = settling("a", 1);
  fetched.rechecks = {doubt("a", 4), doubt("a", 3), doubt("b", 1)};
  EXPECT_THAT(statuses(commit({fetched, raising({doubt("a", 2), doubt("b", 2)})})), ElementsAre(committed, committed));
  EXPECT_THAT(words(), UnorderedElementsAre("a 4", "b 2"));
}

TEST_P(recheck_contract, pages_of_runs_raise_and_settle_doubts_too) {
  auto first = page_with(0, {insert("a", 1)});
  first.rechecks = {doubt("a", 1)};
  ASSERT_EQ(commit_one(first), committed);
  auto last = page(1, continuation_phase::closed);
  last.rechecked = {{"a", {0, 1, 1}}};
  auto outcome = commit({last}).at(0);
  EXPECT_TRUE(outcome.run_ended);
  EXPECT_THAT(words(), IsEmpty());
}

TEST_P(recheck_contract, a_commit_of_unknown_outcome_has_written_all_or_nothing_of_the_list) {
  pages_ = backend_->make_breakable_page_store(first_life, 1);
  auto page = settling("a", 1);
  page.rechecks = {doubt("b", 2)};
  for (bool is_done : {false, true}) {
    ASSERT_EQ(commit_one(raising({doubt("a", 1)})), committed);
    backend_->break_next_commit(is_done);
    ASSERT_EQ(commit_one(page), unknown);
    EXPECT_THAT(statuses(*pages_->settle()), ElementsAre(is_done ? committed : again));
    EXPECT_THAT(words(), ElementsAre(is_done ? "b 2" : "a 1"));
  }
}

TEST_P(recheck_contract, a_key_that_could_not_be_fetched_is_due_again_later) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1), doubt("b", 1), doubt("c", 1)})), committed);
  auto loaded = rows();
  ASSERT_EQ(commit_one(raising({doubt("b", 5)})), committed);
  std::erase_if(loaded, [](const auto& row) { return row.key == "c"; });
  const auto claim = claim_of(connection_.shard);
  ASSERT_FALSE(live_->postpone_rechecks(connection_.id, claim, loaded, 1h, "the API answered 503"));
  EXPECT_THAT(words(0s), UnorderedElementsAre("b 5", "c 1")) << "the later doubt about b stands as it is";
  auto all = rows(2h);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.back().key, "a");
  EXPECT_EQ(all.back().attempts, 1);
  EXPECT_EQ(all.back().reason, "the API answered 503");
  EXPECT_EQ(all.front().reason, "");
  ASSERT_EQ(commit_one(raising({doubt("a", 9)})), committed);
  EXPECT_EQ(rows(2h).back().key, "a") << "a new doubt does not hurry what cannot be fetched";
  EXPECT_EQ(rows(2h).back().asked.counter, 9);
  auto other = connect("globex");
  ASSERT_FALSE(live_->postpone_rechecks(other.id, claim_of(other.shard), rows(2h), 2h, "another's"));
  EXPECT_THAT(words(0s), UnorderedElementsAre("b 5", "c 1")) << "nobody postpones what is another's";
}

TEST_P(recheck_contract, what_waits_is_listed_with_the_reason_of_the_latest_time) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1), doubt("b", 1, 1h), doubt("c", 1)})), committed);
  const auto claim = claim_of(connection_.shard);
  for (const auto* why : {"first", "broken \xff and\nlong"})
    ASSERT_FALSE(live_->postpone_rechecks(connection_.id, claim, rows(), 0s, why));
  ASSERT_EQ(commit_one(raising({doubt("a", 5)})), committed);
  auto admin = backend_->make_admin_store();
  auto listed = *admin->list_rechecks(connection_.id, 10);
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[2].key, "b") << "what is not due waits, too";
  EXPECT_EQ(listed[2].reason, "");
  for (const auto& row : {listed[0], listed[1]}) {
    EXPECT_EQ(row.attempts, 2) << row.key;
    EXPECT_THAT(row.reason, testing::HasSubstr("broken")) << row.key;
  }
  EXPECT_EQ(admin->list_rechecks(connection_.id, 2)->size(), 2u);
  EXPECT_EQ(*admin->count_rechecks(connection_.id), 3);
  EXPECT_EQ(*admin->count_rechecks(connect("globex").id), 0);
}

TEST_P(recheck_contract, a_zombie_postpones_nothing) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1)})), committed);
  const auto claim = claim_of(connection_.shard);
  const auto loaded = rows();
  claim_again(second_life);
  for (int times = 0; times < 2; ++times)
    EXPECT_TRUE(live_->postpone_rechecks(connection_.id, claim, loaded, 1h, "the API answered 503"));
  EXPECT_EQ(code_of(live_->postpone_rechecks(connection_.id, claim, loaded, 1h, "the API answered 503")), errc::not_owner);
  EXPECT_THAT(words(0s), ElementsAre("a 1"));
}

TEST_P(recheck_contract, a_doubt_about_what_can_be_no_key_does_not_cost_the_page) {
  auto page = event({insert("a", 1)});
  page.rechecks = {doubt(std::string("\0b", 2), 1), doubt("\xff", 1), doubt(std::string(4000, 'k'), 1), doubt("a", 1)};
  page.rechecked = {{"\xfe", {0, 1, 1}}};
  ASSERT_EQ(commit_one(page), committed);
  EXPECT_EQ(fact("a").hash.high, 1u);
}

TEST_P(recheck_contract, streams_that_are_not_chosen_are_not_fetched) {
  ASSERT_EQ(commit_one(raising({doubt("a", 1)})), committed);
  auto without = connection_;
  without.streams = {{{}, "comments", 0}};
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, without));
  EXPECT_THAT(words(), IsEmpty());
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_THAT(words(), ElementsAre("a 1"));
}

// -- deletes by events -------------------------------------------------------------------------------------------------

TEST_P(recheck_contract, an_event_deletes_a_record_and_a_later_one_brings_it_back) {
  ASSERT_EQ(commit_one(page_with(0, {insert("a", 1), insert("b", 1)})), committed);
  ASSERT_EQ(commit_one(event({removal("a", 5)})), committed);
  auto gone = fact("a");
  EXPECT_TRUE(gone.known && gone.deleted);
  EXPECT_EQ(gone.order, (fact_order{0, 1, 5}));
  EXPECT_EQ(records().size(), 1u);
  EXPECT_EQ(records(true).size(), 2u);
  ASSERT_EQ(commit_one(event({insert("a", 2, 6)})), committed);
  EXPECT_FALSE(fact("a").deleted);
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert b 1", "delete a 0", "insert a 2"));
  EXPECT_EQ(runs_->load_run(run_)->counters.deleted, 0) << "no run did that";
}

TEST_P(recheck_contract, events_and_pages_of_runs_share_a_group) {
  auto outcomes = commit({page_with(0, {insert("a", 1)}), event({removal("a", 5)}), event({insert("b", 1), removal("b", 2), insert("b", 3)})});
  EXPECT_THAT(statuses(outcomes), ElementsAre(committed, committed, committed));
  EXPECT_TRUE(fact("a").deleted);
  EXPECT_EQ(fact("b").hash.high, 3u);
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "delete a 0", "insert b 1", "delete b 0", "insert b 3"));
}

TEST_P(recheck_contract, a_tombstone_may_be_moved_or_put_where_nothing_was_without_a_feed_entry) {
  ASSERT_EQ(commit_one(event({insert("a", 1)})), committed);
  ASSERT_EQ(commit_one(event({removal("a", 5)})), committed);
  auto moved = removal("a", 9);
  auto unseen = removal("b", 9);
  moved.kind = unseen.kind = change_kind::reordered;
  unseen.is_first = true;
  ASSERT_EQ(commit_one(event({moved, unseen})), committed);
  for (const auto* key : {"a", "b"}) {
    EXPECT_TRUE(fact(key).known && fact(key).deleted) << key;
    EXPECT_EQ(fact(key).order.counter, 9) << key;
  }
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "delete a 0"));
}

TEST_P(recheck_contract, a_delete_of_what_was_never_seen_leaves_a_tombstone) {
  auto first = removal("a", 5);
  first.is_first = true;
  ASSERT_EQ(commit_one(event({first})), committed);
  EXPECT_TRUE(fact("a").known && fact("a").deleted);
  EXPECT_THAT(records(), IsEmpty());
}

TEST_P(recheck_contract, a_delete_beside_a_record_that_the_store_refuses_is_written) {
  ASSERT_EQ(commit_one(event({insert("a", 1)})), committed);
  backend_->poison("bad");
  auto page = event({removal("a", 5), insert("bad", 1)});
  page.rechecks = {doubt("c", 1)};
  auto outcome = commit({page}).at(0);
  ASSERT_EQ(outcome.status, committed);
  EXPECT_THAT(outcome.dead_lettered, ElementsAre("bad"));
  EXPECT_TRUE(fact("a").deleted);
  EXPECT_THAT(words(), ElementsAre("c 1"));
}

TEST_P(recheck_contract, a_zombies_events_are_refused) {
  claim_again(second_life);
  auto of_before = event({insert("a", 1)});
  of_before.epoch = {of_before.epoch.value - 1};
  pages_ = backend_->make_page_store(second_life, 0);
  EXPECT_EQ(commit_one(of_before), refused_fence);
  EXPECT_FALSE(fact("a").known);
}

INSTANTIATE_TEST_SUITE_P(memory, recheck_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, recheck_contract, testing::Values(postgres_backend()), [](const auto& info) { return info.param.name; });

} // namespace lode::test
