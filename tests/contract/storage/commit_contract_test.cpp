#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

using enum commit_status;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(storage_contract, a_page_commits_rows_feed_and_its_move_together) {
  auto done = commit({page_with(0, {insert("a", 1), insert("b", 2)})});
  ASSERT_THAT(statuses(done), ElementsAre(committed)) << done[0].message;
  EXPECT_EQ(done[0].version, 1);
  EXPECT_EQ(records().size(), 2u);
  EXPECT_EQ(records()[0].payload, R"({"content":1})");
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert b 2"));
  auto row = runs_->load_continuation(continuation_);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->version, 1);
  EXPECT_EQ(row->state, "state 1");
  EXPECT_EQ(runs_->load_run(run_)->counters.records, 2);
}

TEST_P(storage_contract, a_probe_answers_in_the_order_asked) {
  commit({page_with(0, {insert("a", 1, 7), insert("b", 2)})});
  const std::string_view keys[] = {"b", "unknown", "a"};
  auto found = pages_->probe(connection_.shard, posts_, keys);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].hash, (content_hash{2, 3}));
  EXPECT_FALSE((*found)[1].known);
  EXPECT_EQ((*found)[2].hash, (content_hash{1, 2}));
  EXPECT_EQ((*found)[2].order, (fact_order{0, 1, 7}));
}

TEST_P(storage_contract, a_probe_for_no_keys_is_answered_with_no_facts) {
  auto found = pages_->probe(connection_.shard, posts_, {});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_THAT(*found, IsEmpty());
}

TEST_P(storage_contract, a_stream_stands_as_its_latest_changing_commit_left_it) {
  const stream_place places[] = {{connection_.shard, posts_}, {connection_.shard, comments_}};
  const auto stand = [&] { return *pages_->standings(places); };
  EXPECT_TRUE(stand()[0].is_empty);
  auto first = page_with(0, {insert("a", 1)});
  first.cache_tag = 41;
  ASSERT_EQ(commit_one(first), commit_status::committed);
  EXPECT_FALSE(stand()[0].is_empty);
  EXPECT_EQ(stand()[0].cache_tag, 41);
  EXPECT_TRUE(stand()[1].is_empty);
  auto unchanged = page(1);
  unchanged.cache_tag = 42;
  ASSERT_EQ(commit_one(unchanged), commit_status::committed);
  EXPECT_EQ(stand()[0].cache_tag, 41);
  auto deletion = page_with(2, {removal("a", 2)});
  deletion.cache_tag = 43;
  ASSERT_EQ(commit_one(deletion), commit_status::committed);
  EXPECT_FALSE(stand()[0].is_empty) << "a tombstone is a record too";
  EXPECT_EQ(stand()[0].cache_tag, 43);
}

TEST_P(storage_contract, consecutive_pages_of_one_continuation_are_one_move) {
  EXPECT_THAT(statuses(commit({page(0), page(1), page(2)})), Each(committed));
  EXPECT_EQ(runs_->load_continuation(continuation_)->version, 3);
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "state 3");
  EXPECT_EQ(runs_->load_run(run_)->counters.pages, 3);
}

TEST_P(storage_contract, pages_in_the_wrong_order_are_refused) {
  EXPECT_EQ(commit_one(page(1)), refused_version);
  EXPECT_EQ(commit_one(page(0)), committed);
  EXPECT_THAT(statuses(commit({page(2), page(1)})), ElementsAre(refused_version, refused_version));
  EXPECT_EQ(runs_->load_continuation(continuation_)->version, 1);
}

TEST_P(storage_contract, a_page_given_twice_is_refused_the_second_time) {
  EXPECT_EQ(commit_one(page_with(0, {insert("a", 1)})), committed);
  auto again = commit({page_with(0, {insert("a", 1)})});
  EXPECT_EQ(again[0].status, refused_version);
  EXPECT_EQ(again[0].version, 1);
  EXPECT_EQ(feed().size(), 1u);
}

TEST_P(storage_contract, a_page_after_a_refused_one_is_refused) {
  EXPECT_EQ(commit_one(page(0)), committed);
  EXPECT_EQ(commit_one(page(0)), refused_version); // page 8 of another generation
  EXPECT_EQ(commit_one(page(2)), refused_version); // page 9, fetched ahead of a page that never came
}

TEST_P(storage_contract, a_refused_page_keeps_its_whole_group_from_being_written) {
  auto other = connect("globex");
  auto run = runs_->start_run(start_of(other));
  ASSERT_TRUE(run);
  auto good = page_of(other, run->run, run->opened[0], 0);
  good.changes = {insert("x", 1)};
  EXPECT_THAT(statuses(commit({good, page(5)})), ElementsAre(again, refused_version));
  EXPECT_EQ(runs_->load_continuation(run->opened[0])->version, 0);
  EXPECT_EQ(commit_one(good), committed);
}

TEST_P(storage_contract, nothing_follows_the_page_that_ends_a_continuation) {
  EXPECT_THAT(statuses(commit({page(0, continuation_phase::closed), page(1)})), ElementsAre(again, refused_version));
  EXPECT_EQ(commit_one(page(0, continuation_phase::closed)), committed);
  EXPECT_EQ(commit_one(page(1)), refused_version);
}

TEST_P(storage_contract, a_page_of_an_earlier_generation_refuses_itself_and_not_the_new_one_beside_it) {
  const auto now = runs_->resume_continuation(continuation_)->version;
  auto stale_end = page(1, continuation_phase::closed);
  auto done = commit({page(0), stale_end, page(now), page(now + 1)});
  EXPECT_THAT(statuses(done), ElementsAre(refused_version, refused_version, again, again));
  EXPECT_EQ(done[0].version, now) << "where the row stands";
  EXPECT_THAT(statuses(commit({page(now), page(now + 1)})), Each(committed));
}

TEST_P(storage_contract, a_page_of_an_earlier_epoch_is_refused) {
  auto old = page_with(0, {insert("a", 1)});
  claim_again(second_life);
  EXPECT_EQ(commit_one(old), refused_fence);
  auto successor = backend_->make_page_store(second_life, 0);
  EXPECT_EQ(successor->commit({&old, 1})[0].status, refused_fence); // the right owner, the old epoch
  auto fresh = page_with(0, {insert("a", 1)});
  EXPECT_EQ(successor->commit({&fresh, 1})[0].status, committed);
}

TEST_P(storage_contract, the_fence_of_another_shard_is_no_fence) {
  auto wrong = page_with(0, {insert("a", 1)});
  wrong.shard = {(connection_.shard.value + 1) % 4096};
  wrong.epoch = claim_of(wrong.shard).epoch;
  EXPECT_EQ(commit_one(wrong), refused_fence);
  EXPECT_THAT(records(), IsEmpty());
}

TEST_P(storage_contract, a_page_for_a_stream_of_another_tenant_is_refused) {
  auto other = connect("globex");
  auto wrong = page_with(0, {insert("a", 1)});
  wrong.stream = other.streams[1].id;
  EXPECT_NE(commit_one(wrong), committed);
  EXPECT_TRUE(catalog_->read_records(other.streams[1].id, "", 10, true)->empty());
}

TEST_P(storage_contract, a_key_twice_in_a_group_is_one_row_and_two_feed_entries) {
  EXPECT_THAT(statuses(commit({page_with(0, {insert("k", 1)}), page_with(1, {update("k", 2)})})), Each(committed));
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].hash, (content_hash{2, 3}));
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "update k 2"));
}

TEST_P(storage_contract, a_record_that_is_said_to_be_the_first_of_its_key_is_inserted) {
  auto first = [](record_change change) {
    change.is_first = true;
    return change;
  };
  commit({page_with(0, {insert("a", 1)})});
  auto done = commit({page_with(1, {first(insert("b", 2)), update("a", 3), first(insert("c", 4)), update("c", 5)})});
  ASSERT_THAT(statuses(done), ElementsAre(committed)) << done[0].message;
  EXPECT_EQ(fact("a").hash.high, 3u);
  EXPECT_EQ(fact("b").hash.high, 2u);
  EXPECT_EQ(fact("c").hash.high, 5u) << "the last of a key counts";
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert b 2", "update a 3", "insert c 4", "update c 5"));
}

TEST_P(storage_contract, a_writer_that_is_wrong_about_a_first_record_writes_it_all_the_same) {
  commit({page_with(0, {insert("a", 1)})});
  auto wrong = insert("a", 2, 2);
  wrong.is_first = true;
  ASSERT_EQ(commit_one(page_with(1, {insert("b", 1), wrong})), committed);
  EXPECT_EQ(fact("a").hash.high, 2u);
  EXPECT_EQ(records().size(), 2u);
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert b 1", "insert a 2"));
}

TEST_P(storage_contract, orders_of_a_page_that_differ_are_told_apart_in_the_feed) {
  commit({page_with(0, {insert("a", 1, 7), insert("b", 2, 7)}), page_with(1, {insert("c", 3, 7), insert("d", 4, 9)})});
  std::vector<int64_t> counters;
  for (const auto& entry : feed())
    counters.push_back(entry.order.counter);
  EXPECT_THAT(counters, ElementsAre(7, 7, 7, 9));
}

TEST_P(storage_contract, there_and_back_in_one_group_is_two_changes) {
  commit({page_with(0, {insert("k", 1)})});
  EXPECT_EQ(commit_one(page_with(1, {update("k", 2), update("k", 1)})), committed);
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "update k 2", "update k 1"));
  EXPECT_EQ(fact("k").hash, (content_hash{1, 2}));
}

TEST_P(storage_contract, a_reordered_record_moves_its_order_without_a_feed_entry) {
  commit({page_with(0, {insert("k", 1, 1)})});
  auto newer = update("k", 1, 9);
  newer.kind = change_kind::reordered;
  EXPECT_EQ(commit_one(page_with(1, {newer})), committed);
  EXPECT_EQ(fact("k").order.counter, 9);
  EXPECT_EQ(feed().size(), 1u);
}

TEST_P(storage_contract, there_and_back_beside_a_reordered_record_stands_in_the_feed_in_its_order) {
  commit({page_with(0, {insert("k", 1), insert("l", 1, 1)})});
  auto newer = update("l", 1, 9);
  newer.kind = change_kind::reordered;
  EXPECT_EQ(commit_one(page_with(1, {update("k", 2), newer, update("k", 1, 2), insert("a", 5)})), committed);
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "insert l 1", "update k 2", "update k 1", "insert a 5"));
  EXPECT_EQ(fact("l").order.counter, 9);
}

TEST_P(storage_contract, a_record_in_another_form_gets_its_hash_and_nothing_else) {
  auto first = page_with(0, {insert("k", 1, 5), insert("l", 2)});
  first.form = 77;
  commit({first});
  EXPECT_EQ(fact("k").form, 77);
  record_change reformed{change_kind::reformed, "k", "", {9, 9}, {0, 1, 5}};
  auto second = page_with(1, {reformed});
  second.form = 88;
  second.cache_tag = 4711;
  EXPECT_EQ(commit_one(second), committed);
  EXPECT_EQ(fact("k").hash, (content_hash{9, 9}));
  EXPECT_EQ(fact("k").form, 88);
  EXPECT_EQ(fact("k").order, (fact_order{0, 1, 5}));
  EXPECT_EQ(fact("l").form, 77);
  EXPECT_EQ(records()[0].payload, R"({"content":1})");
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "insert l 2"));
  const stream_place place{connection_.shard, posts_};
  EXPECT_EQ(pages_->standings({&place, 1})->at(0).cache_tag, 4711) << "what was known of its hashes holds no longer";
}

TEST_P(storage_contract, a_key_that_gets_another_form_and_a_change_in_one_group_is_changed_once) {
  commit({page_with(0, {insert("k", 1)})});
  auto reformed = page_with(1, {{change_kind::reformed, "k", "", {9, 9}, {0, 1, 1}}});
  auto changed = page_with(2, {update("k", 3, 2)});
  reformed.form = changed.form = 88;
  EXPECT_THAT(statuses(commit({reformed, changed})), Each(committed));
  EXPECT_EQ(fact("k").hash, (content_hash{3, 4}));
  EXPECT_EQ(fact("k").form, 88);
  EXPECT_EQ(records()[0].payload, R"({"content":3})");
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "update k 3"));
}

TEST_P(storage_contract, another_form_beside_a_poison_record_is_written) {
  commit({page_with(0, {insert("k", 1)})});
  backend_->poison("bad");
  auto alone = page_with(1, {{change_kind::reformed, "k", "", {9, 9}, {0, 1, 1}}, insert("bad", 2)});
  alone.form = 88;
  EXPECT_EQ(commit_one(alone), committed);
  EXPECT_EQ(fact("k").hash, (content_hash{9, 9}));
  EXPECT_EQ(fact("k").form, 88);
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1"));
}

TEST_P(storage_contract, stored_texts_are_read_in_the_order_asked) {
  commit({page_with(0, {insert("a", 1), insert("b", 2), insert("gone", 3)})});
  commit({page_with(1, {removal("gone", 2)})});
  const std::string_view keys[] = {"b", "unknown", "gone", "a"};
  auto found = pages_->payloads(connection_.shard, posts_, keys);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_THAT(*found, ElementsAre(R"({"content":2})", "", "", R"({"content":1})"));
}

/// A new owner counts from the beginning: what it sees first is newer than all that the one before saw, and stays so.
TEST_P(storage_contract, the_first_fact_of_a_new_epoch_is_newer_than_all_facts_of_the_epoch_before) {
  ASSERT_EQ(commit_one(page_with(0, {insert("k", 1, 500)})), committed);
  claim_again(second_life);
  pages_ = backend_->make_page_store(second_life, 0); // the sessions of the life before have ended
  const fact_order first{0, claim_of(connection_.shard).epoch.value, 1};
  ASSERT_EQ(first.epoch, 2);
  EXPECT_LT(fact("k").order, first);
  auto news = update("k", 2);
  news.order = first;
  auto page = page_with(1, {news});
  ASSERT_EQ(commit_one(page), committed);
  EXPECT_EQ(fact("k").order, first);
  EXPECT_LT((fact_order{0, 1, 501}), fact("k").order) << "an answer that the owner before still waited for";
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "update k 2"));
}

TEST_P(storage_contract, a_tombstone_stays_until_the_key_comes_back) {
  commit({page_with(0, {insert("k", 1)})});
  EXPECT_EQ(commit_one(page_with(1, {removal("k", 2)})), committed);
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(records(true).size(), 1u);
  EXPECT_TRUE(fact("k").known);
  EXPECT_TRUE(fact("k").deleted);
  EXPECT_EQ(commit_one(page_with(2, {insert("k", 1, 3)})), committed);
  EXPECT_FALSE(fact("k").deleted);
  EXPECT_EQ(records().size(), 1u);
  EXPECT_THAT(feed_words(), ElementsAre("insert k 1", "delete k 0", "insert k 1"));
}

TEST_P(storage_contract, a_poison_record_in_a_group_is_a_data_error_of_the_group) {
  backend_->poison("bad");
  EXPECT_THAT(statuses(commit({page_with(0, {insert("a", 1)}), page_with(1, {insert("bad", 2)})})), Each(data_error));
  EXPECT_THAT(records(), IsEmpty());
  EXPECT_EQ(commit_one(page_with(0, {insert("a", 1)})), committed);
}

TEST_P(storage_contract, a_poison_record_of_a_page_alone_is_dead_lettered_and_the_others_commit) {
  backend_->poison("bad");
  auto alone = page_with(0, {insert("a", 1), insert("bad", 2), insert("c", 3)});
  alone.counters.inserted = 3;
  auto done = commit({alone});
  EXPECT_EQ(done[0].status, committed) << done[0].message;
  EXPECT_THAT(done[0].dead_lettered, ElementsAre("bad"));
  EXPECT_EQ(records().size(), 2u);
  EXPECT_THAT(feed_words(), ElementsAre("insert a 1", "insert c 3"));
  EXPECT_EQ(backend_->dead_letters(posts_), 1);
  EXPECT_EQ(runs_->load_run(run_)->counters.inserted, 2);
  EXPECT_EQ(runs_->load_run(run_)->counters.dead, 1);
  EXPECT_EQ(commit_one(page_with(1, {insert("d", 1)})), committed);
}

TEST_P(storage_contract, dead_records_are_rows_of_their_page) {
  auto with_dead = page(0);
  with_dead.dead = {{"", "not JSON", "cannot be read", {0, 1, 4}}};
  EXPECT_THAT(statuses(commit({with_dead, page(7)})), ElementsAre(again, refused_version));
  EXPECT_EQ(backend_->dead_letters(posts_), 0);
  EXPECT_EQ(commit_one(with_dead), committed);
  EXPECT_EQ(backend_->dead_letters(posts_), 1);
}

TEST_P(storage_contract, a_dead_record_is_one_letter_however_often_it_is_seen_and_counts_once_in_a_run) {
  auto admin = backend_->make_admin_store();
  const auto letters = [&] { return *admin->list_dead_letters(connection_.tenant, 0, 10); };
  auto first = page(0);
  first.dead = {{"k", "text", "no id", {0, 1, 4}}, {"k", "text", "no id", {0, 1, 4}}, {"k", "text", "no date", {0, 1, 4}}};
  auto second = page(1, continuation_phase::closed);
  second.dead = {{"k", "text", "no id", {0, 1, 5}}};
  ASSERT_THAT(statuses(commit({first, second})), Each(committed));
  auto before = letters();
  ASSERT_EQ(before.size(), 2u) << "one for each reason";
  EXPECT_EQ(before[0].times, 1);
  EXPECT_EQ(before[0].run, run_);
  auto next = runs_->start_run(start_of(connection_));
  auto seen_again = page_of(connection_, next->run, next->opened[0], 0);
  seen_again.dead = {{"k", "text", "no id", {0, 1, 9}}};
  ASSERT_EQ(commit_one(seen_again), committed);
  auto after = letters();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].id, before[0].id);
  EXPECT_EQ(after[0].times, 2);
  EXPECT_EQ(after[0].run, next->run);
  EXPECT_EQ(after[0].first_seen, before[0].first_seen);
  EXPECT_GT(after[0].last_seen, before[0].last_seen);
  EXPECT_EQ(after[1].times, 1);
  EXPECT_EQ(backend_->dead_letters(posts_), 2);
}

TEST_P(storage_contract, a_record_that_the_store_refuses_is_one_letter_in_every_pass) {
  backend_->poison("bad");
  for (int64_t pass = 0; pass < 2; ++pass)
    ASSERT_EQ(commit_one(page_with(pass, {insert("bad", 2)})), committed);
  EXPECT_EQ(backend_->dead_letters(posts_), 1);
}

TEST_P(storage_contract, children_are_committed_with_their_parent_page) {
  auto parent = page(0);
  parent.opens = {{comments_, R"({"post":1})", {}, "child 1"}, {comments_, R"({"post":2})", {}, "child 2"}};
  EXPECT_THAT(statuses(commit({parent, page(9)})), ElementsAre(again, refused_version));
  EXPECT_EQ(runs_->load_continuations(run_, {}, 10)->size(), 1u);
  auto done = commit({parent});
  ASSERT_EQ(done[0].opened.size(), 2u);
  auto open = runs_->load_continuations(run_, {}, 10);
  ASSERT_EQ(open->size(), 3u);
  EXPECT_EQ((*open)[1].id, done[0].opened[0]);
  EXPECT_EQ((*open)[1].partition, R"({"post":1})");
  EXPECT_EQ((*open)[2].state, "child 2");
  EXPECT_EQ(runs_->load_run(run_)->open, 3);
}

TEST_P(storage_contract, a_run_opens_a_partition_once_however_often_its_parent_is_read) {
  new_continuation first{comments_, R"({"post":1})", {}, "child 1"};
  new_continuation second{comments_, std::string(5000, 'x'), {}, "child 2"};
  auto parent = page(0);
  parent.opens = {first, second, first};
  EXPECT_EQ(commit({parent})[0].opened.size(), 2u);
  auto again = page(1);
  again.opens = {first};
  auto once_more = page(2, continuation_phase::closed);
  once_more.opens = {second, {comments_, R"({"post":3})", {}, "child 3"}};
  auto done = commit({again, once_more});
  ASSERT_THAT(statuses(done), Each(committed));
  EXPECT_EQ(done[0].opened.size(), 0u);
  ASSERT_EQ(done[1].opened.size(), 1u);
  EXPECT_EQ(runs_->load_continuation(done[1].opened[0])->state, "child 3");
  EXPECT_EQ(runs_->load_run(run_)->open, 3);
}

TEST_P(storage_contract, a_run_ends_once_when_its_last_pages_are_in_one_group) {
  auto parent = page(0);
  parent.opens = {{posts_, "child", {}, "state 0"}};
  auto child = commit({parent})[0].opened.at(0);
  auto done = commit({page(1, continuation_phase::closed),
                      page_of(connection_, run_, child, 0, continuation_phase::closed)});
  EXPECT_THAT(statuses(done), Each(committed));
  EXPECT_EQ(done[0].run_ended + done[1].run_ended, 1);
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::finished);
  EXPECT_EQ(runs_->load_run(run_)->open, 0);
  EXPECT_TRUE(runs_->load_run(run_)->ended);
}

TEST_P(storage_contract, a_run_ends_once_when_its_last_pages_are_in_two_groups) {
  auto parent = page(0);
  parent.opens = {{posts_, "child", {}, "state 0"}};
  auto child = commit({parent})[0].opened.at(0);
  EXPECT_FALSE(commit({page(1, continuation_phase::closed)})[0].run_ended);
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::open);
  EXPECT_TRUE(commit({page_of(connection_, run_, child, 0, continuation_phase::closed)})[0].run_ended);
  EXPECT_EQ(runs_->load_run(run_)->phase, run_phase::finished);
}

TEST_P(storage_contract, a_run_with_a_failed_continuation_ends_incomplete_with_its_reason) {
  auto failed = page(0, continuation_phase::failed);
  failed.move.reason = "the page answers 500";
  EXPECT_TRUE(commit({failed})[0].run_ended);
  auto row = runs_->load_run(run_);
  EXPECT_EQ(row->phase, run_phase::incomplete);
  EXPECT_EQ(row->failed, 1);
  EXPECT_EQ(row->reason, "the page answers 500");
}

TEST_P(storage_contract, a_reason_that_is_no_text_costs_no_group) {
  auto other = connect("globex");
  auto run = runs_->start_run(start_of(other));
  ASSERT_TRUE(run);
  auto failed = page(0, continuation_phase::failed);
  failed.move.reason = "the page says \xE4";
  EXPECT_THAT(statuses(commit({failed, page_of(other, run->run, run->opened[0], 0)})), Each(committed));
  EXPECT_THAT(runs_->load_run(run_)->reason, testing::HasSubstr("the page says"));
}

TEST_P(storage_contract, a_lost_reply_of_a_done_commit_is_settled_as_committed) {
  auto store = backend_->make_breakable_page_store(first_life, 1);
  auto warm = page_with(0, {insert("a", 1)});
  ASSERT_EQ(store->commit({&warm, 1})[0].status, committed);
  auto lost = page(1, continuation_phase::closed);
  lost.changes = {insert("b", 2)};
  lost.opens = {{comments_, "child", {}, "state"}};
  backend_->break_next_commit(true);
  EXPECT_EQ(store->commit({&lost, 1})[0].status, unknown);
  auto settled = store->settle();
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_THAT(statuses(*settled), ElementsAre(committed));
  EXPECT_EQ((*settled)[0].version, 2);
  ASSERT_EQ((*settled)[0].opened.size(), 1u);
  EXPECT_TRUE(runs_->load_continuation((*settled)[0].opened[0]));
  EXPECT_FALSE((*settled)[0].run_ended);
  EXPECT_EQ(feed().size(), 2u);
  EXPECT_EQ(store->commit({&lost, 1})[0].status, refused_version);
}

TEST_P(storage_contract, a_settled_commit_still_says_that_it_ended_the_run) {
  auto store = backend_->make_breakable_page_store(first_life, 1);
  auto warm = page(0);
  store->commit({&warm, 1});
  auto last = page(1, continuation_phase::closed);
  backend_->break_next_commit(true);
  EXPECT_EQ(store->commit({&last, 1})[0].status, unknown);
  EXPECT_TRUE(store->settle()->at(0).run_ended);
}

TEST_P(storage_contract, a_lost_request_is_settled_as_not_done_and_can_be_sent_again) {
  auto store = backend_->make_breakable_page_store(first_life, 1);
  auto warm = page_with(0, {insert("a", 1)});
  ASSERT_EQ(store->commit({&warm, 1})[0].status, committed);
  auto lost = page_with(1, {insert("b", 2)});
  backend_->break_next_commit(false);
  EXPECT_EQ(store->commit({&lost, 1})[0].status, unknown);
  EXPECT_EQ(store->commit({&lost, 1})[0].status, unknown); // not before it is settled
  auto settled = store->settle();
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_THAT(statuses(*settled), ElementsAre(again));
  EXPECT_EQ(store->commit({&lost, 1})[0].status, committed);
  EXPECT_EQ(feed().size(), 2u);
}

TEST_P(storage_contract, two_feed_readers_see_every_position_once_while_writers_commit) {
  constexpr int pages_each = 40;
  const auto other = connect("acme", "second");
  const auto other_run = runs_->start_run(start_of(other));
  ASSERT_TRUE(other_run);
  std::atomic<int> left{2};
  const auto write = [&](int64_t number, connection_row where, run_id run, continuation_id id) {
    auto store = backend_->make_page_store(first_life, number);
    for (int version = 0; version < pages_each; ++version) {
      auto next = page_of(where, run, id, version);
      next.changes = {update("k", static_cast<uint64_t>(version)), insert(std::to_string(version), 1)};
      EXPECT_EQ(store->commit({&next, 1})[0].status, committed);
    }
    --left;
  };
  std::vector<std::vector<int64_t>> seen(2);
  const auto read = [&](size_t reader) {
    auto catalog = backend_->make_catalog_store();
    int64_t after = 0;
    for (bool is_last = false; !is_last;) {
      is_last = left == 0;
      auto entries = catalog->read_feed(connection_.shard, after, 7);
      ASSERT_TRUE(entries);
      for (const auto& entry : *entries)
        seen[reader].push_back(after = entry.seq);
      is_last = is_last && entries->empty();
    }
  };
  std::vector<std::thread> threads;
  threads.emplace_back(write, 1, connection_, run_, continuation_);
  threads.emplace_back(write, 2, other, other_run->run, other_run->opened[0]);
  threads.emplace_back(read, 0);
  threads.emplace_back(read, 1);
  for (auto& thread : threads)
    thread.join();
  std::vector<int64_t> all(4 * pages_each);
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<int64_t>(i) + 1;
  EXPECT_EQ(seen[0], all);
  EXPECT_EQ(seen[1], all);
}

namespace {

/// A writer's slice in a test of several.
struct written_place {
  connection_row where;
  run_id run;
  continuation_id id;
};

/// Who owns the shards at the moment.
class current_owner {
public:
  current_owner(incarnation life, shard_epoch epoch) : life_(life), epoch_(epoch) {}
  void becomes(incarnation life, shard_epoch epoch) {
    std::lock_guard lock{guard_};
    life_ = life;
    epoch_ = epoch;
  }
  std::pair<incarnation, shard_epoch> get() {
    std::lock_guard lock{guard_};
    return {life_, epoch_};
  }

private:
  std::mutex guard_;
  incarnation life_;
  shard_epoch epoch_;
};

} // namespace

TEST_P(storage_contract, feed_readers_miss_nothing_while_several_write_and_the_shard_changes_its_owner) {
  constexpr uint64_t pages_each = 30;
  std::vector<written_place> places{{connection_, run_, continuation_}};
  for (const auto* name : {"second", "third"}) {
    auto where = connect("acme", name);
    auto started = runs_->start_run(start_of(where));
    ASSERT_TRUE(started);
    places.push_back({where, started->run, started->opened.at(0)});
  }
  current_owner owner{first_life, claim_of(connection_.shard).epoch};
  std::atomic<size_t> left{places.size()};
  // As a node does: what a life that is over left open is found out from the store before it is written again.
  const auto write = [&](size_t number) {
    const auto& at = places[number];
    const auto stream = at.where.streams.at(1).id;
    const std::string_view keys[] = {"k"};
    for (uint64_t content = 1; content <= pages_each;) {
      const auto [life, epoch] = owner.get();
      auto store = backend_->make_page_store(life, static_cast<int64_t>(number) + 1);
      auto runs = backend_->make_run_store(life);
      for (auto is_owner = true; is_owner && content <= pages_each;) {
        auto row = runs->load_continuation(at.id);
        auto facts = store->probe(at.where.shard, stream, keys);
        is_owner = row && facts;
        if (!is_owner)
          break;
        if (facts->at(0).known && facts->at(0).hash.high == content) {
          ++content;
          continue;
        }
        auto next = page_of(at.where, at.run, at.id, row->version);
        next.epoch = epoch;
        next.changes = {content == 1 ? insert("k", content) : update("k", content)};
        is_owner = store->commit({&next, 1})[0].status == committed;
      }
    }
    --left;
  };
  std::vector<std::vector<feed_entry>> seen(2);
  const auto read = [&](size_t reader) {
    auto catalog = backend_->make_catalog_store();
    int64_t after = 0;
    for (auto is_last = false; !is_last;) {
      is_last = left == 0;
      auto entries = catalog->read_feed(connection_.shard, after, reader == 0 ? 7 : 1);
      ASSERT_TRUE(entries) << to_string(entries.error());
      for (const auto& entry : *entries) {
        after = entry.seq;
        seen[reader].push_back(entry);
      }
      is_last = is_last && entries->empty();
    }
  };
  std::vector<std::thread> threads;
  for (size_t number = 0; number < places.size(); ++number)
    threads.emplace_back(write, number);
  threads.emplace_back(read, 0);
  threads.emplace_back(read, 1);
  int64_t goal = 0;
  for (auto life : {second_life, third_life, fourth_life}) {
    goal += 20;
    while (left > 0 && *catalog_->feed_end(connection_.shard) < goal)
      std::this_thread::yield();
    auto claims = claim_all(life);
    for (int tries = 0; !claims && tries < 100; ++tries)
      claims = claim_all(life);
    ASSERT_TRUE(claims) << to_string(claims.error());
    auto ours = std::find_if(claims->begin(), claims->end(), [&](const auto& claim) { return claim.shard == connection_.shard; });
    ASSERT_NE(ours, claims->end());
    owner.becomes(life, ours->epoch);
  }
  for (auto& thread : threads)
    thread.join();
  std::map<stream_id, uint64_t> latest;
  for (size_t i = 0; i < seen[0].size(); ++i) {
    const auto& entry = seen[0][i];
    EXPECT_EQ(entry.seq, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(entry.hash.high, ++latest[entry.stream]) << "of stream " << entry.stream.value << " at " << entry.seq;
  }
  EXPECT_EQ(seen[0].size(), places.size() * pages_each);
  ASSERT_EQ(seen[1].size(), seen[0].size());
  for (size_t i = 0; i < seen[1].size(); ++i)
    EXPECT_EQ(std::tie(seen[1][i].seq, seen[1][i].stream, seen[1][i].hash), std::tie(seen[0][i].seq, seen[0][i].stream, seen[0][i].hash));
}

TEST_P(storage_contract, the_ends_of_several_feeds_are_told_in_the_order_asked) {
  commit({page_with(0, {insert("a", 1), insert("b", 2)})});
  const shard_id other{(connection_.shard.value + 1) % 4096};
  auto ends = catalog_->feed_ends({other, connection_.shard, shard_id{99'999}});
  ASSERT_TRUE(ends) << to_string(ends.error());
  EXPECT_THAT(*ends, ElementsAre(0, 2, 0));
}

TEST_P(storage_contract, an_event_without_a_continuation_is_written_while_its_connection_is_active) {
  auto event = page_with(0, {insert("live", 1)});
  event.move = {};
  EXPECT_EQ(commit_one(event), committed);
  EXPECT_EQ(runs_->load_continuation(continuation_)->version, 0);
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  EXPECT_EQ(commit_one(event), refused_version);
}

INSTANTIATE_TEST_SUITE_P(memory, storage_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, storage_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
