#include "tests/contract/storage/live_contract.hpp"

/// When gaps open and end.
namespace lode::test {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(live_contract, the_first_listener_owes_everything_when_no_run_was_complete) {
  EXPECT_THAT(begin(*live_, 1, 5), ElementsAre("start-5 owed")) << "an open run knows nothing";
  auto gap = gaps().at(0);
  EXPECT_TRUE(gap.is_first);
  EXPECT_FALSE(gap.repair);
  EXPECT_EQ(gap.connection, connection_.id);
  EXPECT_NE(gap.reason, "");
}

TEST_P(live_contract, the_first_listener_owes_what_was_since_the_latest_complete_run_began) {
  auto whole = start_run(run_kind::full);
  finish(whole);
  finish(start_run(run_kind::manual), continuation_phase::failed);
  finish(start_run(run_kind::backfill));
  finish(start_run(run_kind::repair));
  begin(*live_, 1, 5);
  EXPECT_EQ(gaps().at(0).from, runs_->load_run(whole.run)->started);
}

TEST_P(live_contract, a_complete_run_that_was_under_way_narrows_what_was_before_the_first_listener) {
  auto before = start_run(run_kind::full);
  EXPECT_THAT(begin(*live_, 1, 5), ElementsAre("start-5 owed"));
  finish(before);
  EXPECT_EQ(gaps().at(0).from, runs_->load_run(before.run)->started);
  EXPECT_EQ(gaps().at(0).state, gap_state::owed) << "it read before anybody listened";
  EXPECT_EQ((*live_->owed_repair_of(connection_.id))->span.from, runs_->load_run(before.run)->started);
}

TEST_P(live_contract, a_gap_lasts_from_the_end_of_a_listener_to_the_next_one) {
  listen();
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(10), "connection reset"));
  EXPECT_EQ(words().back(), "0- owed") << "nothing was proven since";
  EXPECT_EQ(gaps().back().reason, "connection reset");
  EXPECT_FALSE(*live_->owed_repair_of(connection_.id)) << "a repair could not cover its end";
  EXPECT_THAT(begin(*live_, 2, 12), ElementsAre("0-12 owed"));
}

TEST_P(live_contract, a_gap_begins_where_all_was_last_known_to_be_committed) {
  listen();
  EXPECT_EQ(prove(*live_, 1, 8), 1);
  EXPECT_EQ(prove(*live_, 1, 7), 1) << "a late one moves nothing back";
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(10), "reset"));
  EXPECT_EQ(words().back(), "8- owed");
}

TEST_P(live_contract, who_noticed_late_that_nothing_is_heard_says_since_when) {
  listen();
  prove(*live_, 1, 8);
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(6), "no pong"));
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(9), "no pong"));
  EXPECT_EQ(words().back(), "6- owed");
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(4), "no pong"));
  EXPECT_EQ(words().back(), "4- owed") << "said again, the earlier time counts";
  EXPECT_EQ(gaps().size(), 2u);
}

TEST_P(live_contract, after_a_crash_the_gap_begins_with_the_last_proof_of_health) {
  listen();
  prove(*live_, 1, 8);
  claim_again(second_life);
  auto heir = backend_->make_live_store(second_life);
  EXPECT_THAT(begin(*heir, 2, 20), ElementsAre("8-20 owed"));
}

TEST_P(live_contract, a_listener_that_ended_without_a_word_in_the_same_life_leaves_a_gap_too) {
  listen();
  prove(*live_, 1, 8);
  EXPECT_THAT(begin(*live_, 2, 9), ElementsAre("8-9 owed"));
}

TEST_P(live_contract, nothing_that_a_zombie_says_changes_anything) {
  listen();
  prove(*live_, 1, 8);
  const auto former = subscription(1);
  claim_again(second_life);
  auto heir = backend_->make_live_store(second_life);
  // The claim ended its session, which it may only notice now.
  for (int times = 0; times < 2; ++times) {
    EXPECT_LE(prove(*live_, 1, 15), 0);
    EXPECT_TRUE(live_->hand_over_listening(former, 2, at_second(15)));
    EXPECT_TRUE(live_->end_listening(former, at_second(15), "zombie"));
  }
  EXPECT_EQ(code_of(live_->end_listening(former, at_second(15), "zombie")), errc::not_owner);
  EXPECT_EQ(code_of(live_->begin_listening({former, 0, at_second(15)}).error()), errc::not_owner);
  EXPECT_THAT(begin(*heir, 2, 20), ElementsAre("8-20 owed"));
  EXPECT_LE(prove(*live_, 1, 25), 0);
  EXPECT_LE(prove(*live_, 2, 25), 0) << "not in the name of the heir's subscription either";
  claim_again(third_life);
  EXPECT_THAT(begin(*backend_->make_live_store(third_life), 3, 30), ElementsAre("8-20 owed", "20-30 owed"));
}

TEST_P(live_contract, a_late_word_of_an_earlier_subscription_changes_nothing) {
  listen();
  begin(*live_, 2, 10);
  const auto before = words();
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(11), "late"));
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 2, at_second(11)));
  EXPECT_EQ(prove(*live_, 1, 11), 0);
  EXPECT_EQ(words(), before);
  ASSERT_FALSE(live_->end_listening(subscription(2), at_second(12), "now"));
  EXPECT_EQ(words().back(), "10- owed") << "it was still the one that listens";
}

TEST_P(live_contract, a_beginning_whose_answer_was_lost_is_told_again_and_adds_nothing) {
  EXPECT_THAT(begin(*live_, 1, 5), ElementsAre("start-5 owed"));
  EXPECT_THAT(begin(*live_, 1, 9), ElementsAre("start-5 owed"));
  EXPECT_EQ(prove(*live_, 1, 20), 1);
}

TEST_P(live_contract, a_life_that_gets_its_shard_back_has_not_listened_meanwhile) {
  listen();
  prove(*live_, 1, 8);
  auto membership = backend_->make_membership_store(first_life);
  ASSERT_FALSE(membership->release(first_life, {connection_.shard}));
  EXPECT_EQ(prove(*live_, 1, 9), 0);
  auto again = membership->claim(first_life, membership->look()->number, {connection_.shard});
  ASSERT_TRUE(again);
  EXPECT_EQ(prove(*live_, 1, 10), 0) << "what it heard meanwhile was not committed";
  claims_ = *again;
  EXPECT_THAT(begin(*live_, 1, 12), ElementsAre("8-12 owed"));
}

TEST_P(live_contract, a_planned_move_opens_no_gap_when_the_successor_takes_over) {
  listen();
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 2, at_second(10)));
  EXPECT_EQ(prove(*live_, 1, 30), 0) << "it has no more to say";
  claim_again(second_life);
  auto heir = backend_->make_live_store(second_life);
  EXPECT_THAT(begin(*heir, 2, 11), IsEmpty());
  claim_again(third_life);
  EXPECT_THAT(begin(*backend_->make_live_store(third_life), 3, 20), ElementsAre("10-20 owed"))
    << "what the successor had buffered was not committed when it died";
}

TEST_P(live_contract, a_planned_move_opens_a_gap_when_another_one_comes_than_the_successor) {
  listen();
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 2, at_second(10)));
  claim_again(second_life);
  auto heir = backend_->make_live_store(second_life);
  EXPECT_THAT(begin(*heir, 3, 14), ElementsAre("10-14 owed"));
}

TEST_P(live_contract, a_planned_move_without_a_successor_opens_a_gap_from_where_nothing_was_heard_any_more) {
  listen();
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 0, at_second(10)));
  claim_again(second_life);
  EXPECT_THAT(begin(*backend_->make_live_store(second_life), 2, 14), ElementsAre("10-14 owed"));
}

TEST_P(live_contract, a_successor_of_another_edition_has_listened_to_something_else) {
  listen();
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 2, at_second(10)));
  connection_.configuration = R"({"shop":"other"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_THAT(begin(*live_, 2, 14), ElementsAre("start-14 owed"));
}

TEST_P(live_contract, nobody_takes_over_from_one_that_died) {
  listen();
  prove(*live_, 1, 8);
  claim_again(second_life);
  EXPECT_THAT(begin(*backend_->make_live_store(second_life), 2, 14), ElementsAre("8-14 owed"));
}

TEST_P(live_contract, clocks_that_differ_turn_no_gap_round) {
  listen();
  prove(*live_, 1, 50);
  EXPECT_THAT(begin(*live_, 2, 20), ElementsAre("20-50 owed"));
  ASSERT_FALSE(live_->end_listening(subscription(2), at_second(60), "reset"));
  EXPECT_EQ(words().back(), "20- owed");
  EXPECT_THAT(begin(*live_, 3, 15), ElementsAre("20-50 owed", "15-20 owed"));
}

TEST_P(live_contract, a_connection_that_was_changed_was_never_listened_to) {
  listen();
  prove(*live_, 1, 8);
  auto start = start_of(2, 20);
  connection_.configuration = R"({"shop":"other"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_EQ(code_of(live_->begin_listening(start).error()), errc::stale_version) << "of a socket that was opened before";
  EXPECT_THAT(begin(*live_, 2, 20), ElementsAre("start-20 owed")) << "no run has read it as it is now";
  EXPECT_TRUE(gaps().back().is_first);
}

TEST_P(live_contract, what_is_paused_is_not_listened_to_and_may_say_so) {
  listen();
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "holiday"));
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(10), "paused"));
  EXPECT_EQ(words().back(), "0- owed");
  EXPECT_EQ(code_of(live_->begin_listening(start_of(2, 20)).error()), errc::conflict);
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  EXPECT_THAT(begin(*live_, 2, 30), ElementsAre("0-30 owed"));
}

TEST_P(live_contract, listeners_are_counted_in_the_shards_of_a_life) {
  begin(*live_, 1, 5);
  auto counts = *live_->count_live();
  EXPECT_EQ(counts.listening, 1);
  EXPECT_EQ(counts.owed, 1);
  EXPECT_FALSE(counts.oldest) << "what was before the first listener has no age";
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(9), "reset"));
  counts = *live_->count_live();
  EXPECT_EQ(counts.listening, 0);
  EXPECT_EQ(counts.silent, 1);
  EXPECT_EQ(counts.owed, 2);
  EXPECT_EQ(counts.oldest, at_second(5));
  EXPECT_EQ(backend_->make_live_store(second_life)->count_live()->owed, 0);
}

TEST_P(live_contract, it_is_to_be_seen_since_when_a_connection_is_heard) {
  auto admin = backend_->make_admin_store();
  auto shown = [&] { return admin->load_listening(connection_.id)->value(); };
  EXPECT_FALSE(*admin->load_listening(connection_.id)) << "it never was";
  begin(*live_, 1, 5);
  prove(*live_, 1, 9);
  EXPECT_TRUE(shown().is_listening);
  EXPECT_EQ(shown().since, at_second(5));
  EXPECT_EQ(shown().healthy_until, at_second(9));
  ASSERT_FALSE(live_->hand_over_listening(subscription(1), 2, at_second(10)));
  EXPECT_FALSE(shown().is_listening);
  EXPECT_EQ(shown().since, at_second(10));
  EXPECT_THAT(shown().reason, testing::HasSubstr("handed over"));
  begin(*live_, 2, 8);
  EXPECT_TRUE(shown().is_listening);
  EXPECT_EQ(shown().since, at_second(5)) << "without a break";
}

TEST_P(live_contract, it_is_to_be_seen_since_when_a_connection_is_silent_and_why) {
  auto admin = backend_->make_admin_store();
  begin(*live_, 1, 5);
  prove(*live_, 1, 9);
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(12), "reset"));
  auto shown = admin->load_listening(connection_.id)->value();
  EXPECT_FALSE(shown.is_listening);
  EXPECT_EQ(shown.since, at_second(9));
  EXPECT_EQ(shown.reason, "reset");
}

TEST_P(live_contract, who_listened_under_an_earlier_claim_of_the_shard_listens_no_more) {
  auto admin = backend_->make_admin_store();
  begin(*live_, 1, 5);
  prove(*live_, 1, 9);
  claim_again(second_life);
  auto shown = admin->load_listening(connection_.id)->value();
  EXPECT_FALSE(shown.is_listening);
  EXPECT_EQ(shown.since, at_second(9));
  EXPECT_THAT(shown.reason, testing::HasSubstr("without a word"));
  EXPECT_EQ(admin->count_live()->listening, 0);
  EXPECT_EQ(admin->count_live()->silent, 1);
}

TEST_P(live_contract, gaps_are_listed_part_by_part_latest_first) {
  auto admin = backend_->make_admin_store();
  begin(*live_, 1, 0);
  for (int cut = 1; cut <= 3; ++cut) {
    prove(*live_, cut, 2 * cut - 1);
    ASSERT_FALSE(live_->end_listening(subscription(cut), at_second(2 * cut - 1), "cut"));
    begin(*live_, cut + 1, 2 * cut);
  }
  auto first = *admin->list_gaps(connection_.id, 0, 3);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(word(first[0]), "5-6 owed");
  auto rest = *admin->list_gaps(connection_.id, first.back().id, 3);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(word(rest[0]), "start-0 owed");
}

INSTANTIATE_TEST_SUITE_P(memory, live_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, live_contract, testing::Values(postgres_backend()), [](const auto& info) { return info.param.name; });

} // namespace lode::test
