#include <gmock/gmock.h>

#include <tuple>

#include "tests/contract/storage/storage_contract.hpp"

/// Sinks, and who delivers what to them.
namespace lode::test {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class sink_contract : public storage_contract {
protected:
  static constexpr std::chrono::microseconds long_hold{1h};

  static new_sink sink_named(const std::string& name, std::vector<std::string> streams = {}, bool from_now = false) {
    return {name, "fake", std::move(streams), std::string("sealed\0text", 11), from_now};
  }
  sink_id put(const std::string& name, std::vector<std::string> streams = {}, bool from_now = false) {
    if (auto made = sinks_->put_sink(sink_named(name, std::move(streams), from_now)); !made)
      throw std::runtime_error(to_string(made.error()));
    return standing(name).sink.id;
  }
  sink_standing standing(const std::string& name) {
    const auto all = sinks_->list_sinks();
    for (const auto& each : *all)
      if (each.sink.name == name)
        return each;
    throw std::runtime_error("there is no sink " + name);
  }
  std::vector<delivery_claim> claim(sink_store& store, sink_id sink, std::chrono::microseconds hold = long_hold,
                                    size_t places = 8) {
    auto claims = store.claim({{sink, places}}, hold);
    if (!claims)
      throw std::runtime_error(to_string(claims.error()));
    return *claims;
  }
  delivery_claim claim_one(sink_id sink, std::chrono::microseconds hold = long_hold) {
    return claim(*sinks_, sink, hold).at(0);
  }
  change_batch read(const delivery_claim& claim, const std::vector<std::string>& streams = {},
                    batch_limits limits = {}) {
    auto batch = sinks_->read_changes(claim, streams, limits);
    if (!batch)
      throw std::runtime_error(to_string(batch.error()));
    return std::move(*batch);
  }
  /// As "SEQ KIND KEY PAYLOAD".
  static std::vector<std::string> words(const change_batch& batch) {
    std::vector<std::string> out;
    for (const auto& change : batch.changes)
      out.push_back(std::to_string(change.seq) + " " + "iud"[static_cast<size_t>(change.kind)] + " " + change.key + " "
                    + (change.is_replaced ? "replaced" : change.payload));
    return out;
  }
  /// Of the shop's posts.
  void mine(std::vector<record_change> changes) {
    ASSERT_EQ(commit_one(page_with(version_++, std::move(changes))), commit_status::committed);
  }
  /// The shard of the connection goes to a living node "n2".
  std::unique_ptr<sink_store> move_to_second() {
    EXPECT_FALSE(backend_->make_membership_store(first_life)->release(first_life, {connection_.shard}));
    EXPECT_TRUE(claim_all(second_life, "n2"));
    return backend_->make_sink_store(second_life);
  }

  int64_t version_ = 0;
  std::unique_ptr<sink_store> sinks_ = backend_->make_sink_store(first_life);
};

// -- what people do -----------------------------------------------------------------------------

TEST_P(sink_contract, a_sink_that_is_put_again_gets_new_settings_and_keeps_where_it_stands) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  ASSERT_FALSE(sinks_->settle(claim_one(id), 1, 1));
  auto again = sink_named("lake", {"shop/*"});
  again.kind = "other";
  EXPECT_FALSE(*sinks_->put_sink(again));
  const auto row = sinks_->active_sinks()->at(0);
  EXPECT_EQ(row.id, id);
  EXPECT_EQ(row.kind, "other");
  EXPECT_EQ(row.sealed, std::string("sealed\0text", 11));
  EXPECT_THAT(row.streams, ElementsAre("shop/*"));
  EXPECT_GT(row.version, 1);
  EXPECT_THAT(claim(*sinks_, id), IsEmpty());
}

TEST_P(sink_contract, a_sink_says_how_far_behind_it_is_and_what_it_has_had) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  EXPECT_EQ(standing("lake").changes_behind, 2);
  EXPECT_EQ(standing("lake").shards_behind, 1);
  EXPECT_EQ(standing("lake").last_delivered, std::nullopt);
  EXPECT_EQ(sinks_->backlog()->at(0).changes, 2);
  ASSERT_FALSE(sinks_->settle(claim_one(id), 1, 1));
  const auto now = standing("lake");
  EXPECT_EQ(now.changes_behind, 1);
  EXPECT_EQ(now.delivered, 1);
  EXPECT_NE(now.last_delivered, std::nullopt);
  EXPECT_EQ(now.sink.sealed, "") << "who lists sinks needs no settings";
  EXPECT_EQ(backend_->make_sink_store(third_life)->backlog()->at(0).changes, 0) << "it owns nothing";
}

TEST_P(sink_contract, a_paused_sink_is_not_delivered_to_and_what_was_on_its_way_counts) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  ASSERT_FALSE(sinks_->pause_sink("lake"));
  EXPECT_THAT(*sinks_->active_sinks(), IsEmpty());
  EXPECT_FALSE(sinks_->settle(held, 1, 1));
  mine({insert("b", 2)});
  EXPECT_THAT(claim(*sinks_, id), IsEmpty());
  ASSERT_FALSE(sinks_->resume_sink("lake"));
  EXPECT_THAT(words(read(claim_one(id))), ElementsAre(R"(2 i b {"content":2})"));
}

TEST_P(sink_contract, nobody_pauses_resumes_or_removes_what_is_not_there) {
  EXPECT_EQ(code_of(sinks_->pause_sink("lake")), errc::not_found);
  EXPECT_EQ(code_of(sinks_->resume_sink("lake")), errc::not_found);
  EXPECT_EQ(code_of(sinks_->remove_sink("lake")), errc::not_found);
  EXPECT_THAT(message_of(sinks_->remove_sink("lake")), HasSubstr("\"lake\""));
}

TEST_P(sink_contract, of_a_sink_that_was_removed_nothing_is_settled_also_when_it_was_made_anew) {
  mine({insert("a", 1)});
  const auto held = claim_one(put("lake"));
  ASSERT_FALSE(sinks_->remove_sink("lake"));
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  EXPECT_FALSE(sinks_->release(held, "too late"));
  const auto anew = put("lake");
  EXPECT_NE(anew, held.sink);
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  EXPECT_THAT(claim(*sinks_, held.sink), IsEmpty());
  EXPECT_EQ(claim_one(anew).position, 0);
}

TEST_P(sink_contract, a_sink_from_now_on_gets_what_comes_and_not_what_is_there) {
  mine({insert("a", 1)});
  const auto id = put("lake", {}, true);
  EXPECT_EQ(standing("lake").changes_behind, 0);
  EXPECT_THAT(claim(*sinks_, id), IsEmpty());
  mine({insert("b", 2)});
  EXPECT_THAT(words(read(claim_one(id))), ElementsAre(R"(2 i b {"content":2})"));
}

TEST_P(sink_contract, a_sink_that_is_suspended_says_why_until_it_is_resumed_or_put_again) {
  put("lake");
  const auto row = sinks_->active_sinks()->at(0);
  ASSERT_FALSE(sinks_->suspend_sink(row.id, row.version, "its folder is gone"));
  EXPECT_EQ(standing("lake").sink.state, activity::suspended);
  EXPECT_EQ(standing("lake").sink.reason, "its folder is gone");
  ASSERT_FALSE(sinks_->resume_sink("lake"));
  EXPECT_EQ(standing("lake").sink.reason, "");
  ASSERT_FALSE(sinks_->suspend_sink(row.id, row.version, "again"));
  put("lake");
  ASSERT_FALSE(sinks_->suspend_sink(row.id, row.version, "of before it was put"));
  EXPECT_EQ(standing("lake").sink.state, activity::active);
}

// -- claims -------------------------------------------------------------------------------------

TEST_P(sink_contract, only_an_owner_of_the_shard_claims_and_only_where_something_is_new) {
  const auto id = put("lake");
  EXPECT_THAT(claim(*sinks_, id), IsEmpty());
  mine({insert("a", 1)});
  auto other = backend_->make_sink_store(third_life);
  EXPECT_THAT(claim(*other, id), IsEmpty());
  EXPECT_THAT(claim(*sinks_, id), SizeIs(1));
  EXPECT_THAT(claim(*sinks_, id), IsEmpty()) << "it is held";
  EXPECT_THAT(claim(*sinks_, {999}), IsEmpty());
}

TEST_P(sink_contract, no_more_is_claimed_than_was_asked_for) {
  mine({insert("a", 1)});
  auto other = connect("globex");
  auto started = runs_->start_run(start_of(other));
  auto theirs = page_of(other, started->run, started->opened.at(0), 0);
  theirs.changes = {insert("x", 9)};
  ASSERT_EQ(commit_one(theirs), commit_status::committed);
  const auto id = put("lake");
  EXPECT_THAT(claim(*sinks_, id, long_hold, 0), IsEmpty());
  EXPECT_THAT(claim(*sinks_, id, long_hold, 1), SizeIs(1));
  EXPECT_THAT(claim(*sinks_, id, long_hold, 5), SizeIs(1));
}

TEST_P(sink_contract, a_claim_of_a_living_node_holds_as_long_as_it_was_taken_for) {
  mine({insert("a", 1)});
  const auto id = put("lake"), other = put("other");
  const auto held = claim_one(id);
  claim_one(other, 0us);
  auto second = move_to_second();
  EXPECT_THAT(claim(*second, id), IsEmpty()) << "its holder lives, and has the hour";
  EXPECT_THAT(claim(*second, other), SizeIs(1)) << "its time is over";
  ASSERT_FALSE(sinks_->release(held));
  EXPECT_THAT(claim(*second, id), SizeIs(1));
}

TEST_P(sink_contract, a_claim_of_a_node_that_is_gone_is_void_at_once_and_its_settlement_is_refused) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  claim_again(second_life);
  auto heir = backend_->make_sink_store(second_life);
  const auto anew = claim(*heir, id).at(0);
  EXPECT_EQ(anew.position, 0);
  std::ignore = sinks_->settle(held, 1, 1); // whoever claims ends the sessions of the dead
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  ASSERT_FALSE(sinks_->release(held, "zombie"));
  EXPECT_EQ(standing("lake").error, "");
  EXPECT_FALSE(heir->settle(anew, 1, 1));
  EXPECT_EQ(standing("lake").delivered, 1);
}

TEST_P(sink_contract, what_a_node_held_it_claims_again_once_it_has_let_everything_go) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  claim_one(id);
  ASSERT_FALSE(sinks_->release_all());
  EXPECT_THAT(claim(*sinks_, id), SizeIs(1));
}

TEST_P(sink_contract, claims_of_before_a_restore_are_void_and_cursors_stay) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  ASSERT_FALSE(sinks_->settle(claim_one(id), 1, 1));
  const auto held = claim_one(id);
  const auto before = read({id, connection_.shard, 0, 1}).generation;
  sinks_.reset();
  runs_.reset();
  pages_.reset();
  catalog_.reset();
  auto generations = backend_->make_generation_store();
  caf::expected<new_generation> begun = generations->begin_generation();
  for (int i = 0; i < 10'000 && !begun; ++i) // sessions end a moment after they were closed
    begun = generations->begin_generation();
  ASSERT_TRUE(begun) << to_string(begun.error());
  sinks_ = backend_->make_sink_store(second_life);
  ASSERT_TRUE(claim_all(second_life));
  EXPECT_EQ(code_of(backend_->make_sink_store(first_life)->settle(held, 2, 1)), errc::stale_version) << "of a zombie";
  const auto anew = claim_one(id);
  EXPECT_EQ(anew.position, 1);
  EXPECT_NE(read(anew).generation, before);
}

// -- settling -----------------------------------------------------------------------------------

TEST_P(sink_contract, what_was_settled_may_be_settled_again_after_a_lost_answer) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  ASSERT_FALSE(sinks_->settle(held, 1, 1));
  EXPECT_FALSE(sinks_->settle(held, 1, 1));
  EXPECT_EQ(standing("lake").delivered, 1);
  const auto next = claim_one(id);
  EXPECT_EQ(next.position, 1);
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  ASSERT_FALSE(sinks_->settle(next, 2, 1));
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  EXPECT_EQ(standing("lake").changes_behind, 0) << "a cursor never goes back";
}

TEST_P(sink_contract, what_was_out_when_its_shard_went_to_another_node_is_settled_and_that_node_goes_on_behind_it) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  auto second = move_to_second();
  EXPECT_THAT(claim(*second, id), IsEmpty()) << "it is still out";
  ASSERT_FALSE(sinks_->settle(held, 1, 1));
  EXPECT_FALSE(sinks_->settle(held, 1, 1)) << "of a lost answer";
  EXPECT_EQ(standing("lake").delivered, 1);
  const auto theirs = claim(*second, id).at(0);
  EXPECT_EQ(theirs.position, 1);
  EXPECT_FALSE(second->settle(theirs, 2, 1));
}

TEST_P(sink_contract, what_somebody_else_has_claimed_since_is_not_settled_and_stays_theirs) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto held = claim_one(id, 0us);
  auto second = move_to_second();
  const auto theirs = claim(*second, id).at(0);
  EXPECT_EQ(theirs.position, 0);
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  ASSERT_FALSE(sinks_->release(held));
  EXPECT_THAT(claim(*second, id), IsEmpty()) << "it is out";
  EXPECT_FALSE(second->settle(theirs, 1, 1));
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  EXPECT_EQ(standing("lake").delivered, 1);
}

TEST_P(sink_contract, a_claim_whose_time_is_over_is_settled_unless_it_was_claimed_again) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  ASSERT_FALSE(sinks_->settle(claim_one(id, 0us), 1, 1));
  const auto late = claim_one(id, 0us);
  const auto again = claim_one(id);
  EXPECT_EQ(code_of(sinks_->settle(late, 2, 1)), errc::stale_version) << "also of the same node";
  EXPECT_FALSE(sinks_->settle(again, 2, 1));
  EXPECT_EQ(standing("lake").delivered, 2);
}

TEST_P(sink_contract, what_was_released_is_not_settled) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  ASSERT_FALSE(sinks_->release(held));
  EXPECT_EQ(code_of(sinks_->settle(held, 1, 1)), errc::stale_version);
  EXPECT_EQ(claim_one(id).position, 0);
}

TEST_P(sink_contract, what_the_feed_lacks_since_the_database_fell_back_is_not_settled) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto held = claim_one(id);
  EXPECT_EQ(code_of(sinks_->settle(held, 2, 2)), errc::stale_version) << "position 2 will be given to another change";
  EXPECT_FALSE(sinks_->settle(held, 1, 1));
}

TEST_P(sink_contract, a_failure_is_told_and_waits_until_its_time_a_resume_or_new_settings) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  ASSERT_FALSE(sinks_->release(claim_one(id), "the disk is full", 1h));
  EXPECT_THAT(claim(*sinks_, id), IsEmpty());
  EXPECT_EQ(standing("lake").error, "the disk is full");
  EXPECT_EQ(standing("lake").shards_failing, 1);
  const auto since = standing("lake").failing_since;
  EXPECT_NE(since, std::nullopt);
  ASSERT_FALSE(sinks_->resume_sink("lake"));
  const auto second = claim_one(id);
  EXPECT_EQ(second.failures, 1);
  ASSERT_FALSE(sinks_->release(second, "still full", 1h));
  EXPECT_EQ(standing("lake").failing_since, since);
  put("lake");
  const auto third = claim_one(id);
  EXPECT_EQ(third.failures, 2);
  ASSERT_FALSE(sinks_->settle(third, 1, 1));
  EXPECT_EQ(standing("lake").error, "");
  EXPECT_EQ(standing("lake").failing_since, std::nullopt);
  mine({insert("b", 2)});
  EXPECT_EQ(claim_one(id).failures, 0);
}

// -- reading ------------------------------------------------------------------------------------

TEST_P(sink_contract, changes_come_in_order_with_names_and_the_record_as_they_left_it) {
  mine({insert("a", 1), insert("b", 2)});
  mine({update("a", 3, 2)});
  mine({removal("b", 3)});
  const auto id = put("lake");
  const auto batch = read(claim_one(id));
  EXPECT_THAT(words(batch), ElementsAre("1 i a replaced", "2 i b replaced", R"(3 u a {"content":3})", "4 d b "));
  EXPECT_EQ(batch.upto, 4);
  const auto& change = batch.changes.at(2);
  EXPECT_EQ(change.tenant, "acme");
  EXPECT_EQ(change.connection, "shop");
  EXPECT_EQ(change.source, "shop");
  EXPECT_EQ(change.stream, "posts");
  EXPECT_EQ(change.hash, (content_hash{3, 4}));
}

TEST_P(sink_contract, a_batch_ends_at_its_limits_and_holds_at_least_one_change) {
  mine({insert("a", 1), insert("b", 2), insert("c", 3)});
  mine({insert("d", 4)});
  auto claimed = claim_one(put("lake"));
  EXPECT_THAT(words(read(claimed, {}, {2, 1'000})), SizeIs(2));
  EXPECT_EQ(read(claimed, {}, {2, 1'000}).upto, 2);
  EXPECT_THAT(words(read(claimed, {}, {500, 1})), SizeIs(1));
  EXPECT_EQ(read(claimed, {}, {500, 1}).upto, 1);
  EXPECT_EQ(read(claimed, {}, {500, 14}).upto, 2);
  claimed.position = 1;
  EXPECT_EQ(read(claimed, {}, {3, 1'000}).upto, 4);
  EXPECT_THAT(words(read(claimed)),
              ElementsAre(R"(2 i b {"content":2})", R"(3 i c {"content":3})", R"(4 i d {"content":4})"));
}

TEST_P(sink_contract, streams_that_a_sink_does_not_want_are_passed_over) {
  mine({insert("a", 1)});
  const auto id = put("lake");
  const auto claimed = claim_one(id);
  for (const auto& wanted : {"shop/posts", "shop/*", "*/posts", "*", "sh*p/p*s"})
    EXPECT_THAT(words(read(claimed, {"other/none", wanted})), SizeIs(1)) << wanted;
  for (const auto& unwanted : {"shop/comments", "shop", "shop/post", "hop/posts", "shop/po_ts", "shop/%"}) {
    const auto batch = read(claimed, {unwanted});
    EXPECT_THAT(words(batch), IsEmpty()) << unwanted;
    EXPECT_EQ(batch.upto, 1);
  }
  ASSERT_FALSE(sinks_->settle(claimed, 1, 0));
  EXPECT_EQ(standing("lake").changes_behind, 0);
  EXPECT_EQ(standing("lake").last_delivered, std::nullopt);
}

TEST_P(sink_contract, what_is_being_erased_is_not_delivered_and_what_is_erased_keeps_nobody_waiting) {
  mine({insert("a", 1), insert("b", 2)});
  const auto id = put("lake");
  auto claimed = claim_one(id);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_THAT(words(read(claimed)), IsEmpty());
  EXPECT_EQ(read(claimed).upto, 2);
  for (int steps = 0; steps < 100 && *catalog_->erase_some(connection_.tenant, 1'000) > 0; ++steps) {}
  EXPECT_THAT(words(read(claimed)), IsEmpty());
  EXPECT_EQ(read(claimed).upto, 2);
}

TEST_P(sink_contract, a_feed_that_was_trimmed_beyond_the_cursor_is_an_error_that_says_what_to_do) {
  mine({insert("a", 1), insert("b", 2)});
  mine({insert("c", 3)});
  const auto id = put("lake");
  const auto claimed = claim_one(id);
  backend_->trim_feed(connection_.shard, 2);
  auto refused = sinks_->read_changes(claimed, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), errc::bad_source);
  EXPECT_THAT(message_of(refused.error()), HasSubstr("remove the sink, put it again"));
  ASSERT_FALSE(sinks_->release(claimed));
  EXPECT_THAT(words(read(claim_one(put("anew")))), ElementsAre(R"(3 i c {"content":3})"))
    << "a new one begins with what is there";
}

INSTANTIATE_TEST_SUITE_P(memory, sink_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, sink_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test
