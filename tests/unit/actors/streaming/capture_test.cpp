#include "actors/streaming/capture.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/supervision/timers.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;

namespace {

/// One stream `items` that is heard of over a listener of the test's own.
source_plan_pointer live_plan_of_items() {
  auto plan = std::make_shared<source_plan>(*item_plan());
  plan->live.push_back({});
  plan->live[0].listener = "puppet";
  plan->live[0].streams = {0};
  stream_live live;
  live.max_event_delay = 0ms;
  plan->streams[0].lode.live = std::make_shared<const stream_live>(live);
  return plan;
}

/// A capture among puppets: the test speaks for its listener, its processor, its writer and the gap keeper.
struct capture_test : actor_test {
  connection_pointer connection = item_connection(1, live_plan_of_items());
  size_t started = 0;
  std::vector<messages_settled> settled;
  std::vector<process_messages> processed;
  std::vector<begin_listening> begun;
  std::vector<end_listening> ended;
  std::vector<hand_over_listening> handed_over;
  std::vector<health_proof> proofs;
  std::vector<connection_failed> failures;
  std::vector<listener_actor> listeners;
  std::vector<std::string> after; ///< the event that each of them knows
  caf::error store_says;
  std::shared_ptr<bool> end = std::make_shared<bool>(false); ///< of the capture
  instant now{1h};
  logical_clock clock;
  store_health health;
  clock_history history;

  timers_actor service = spawn<timers>();
  processor_actor worker = spawn_fake<processor_actor>(
    [](process_page&, const miner_actor&) {},
    [this](process_messages& work, const capture_actor&) { processed.push_back(std::move(work)); }, [](hold_pages) {},
    [](release_pages) {});
  gap_keeper_actor gaps = spawn_fake<gap_keeper_actor>(
    [this](const begin_listening& ask) -> caf::result<gaps_owed> {
      begun.push_back(ask);
      if (store_says)
        return store_says;
      return gaps_owed{};
    },
    [this](const end_listening& ask) -> caf::result<void> {
      ended.push_back(ask);
      if (store_says)
        return store_says;
      return caf::unit;
    },
    [this](const hand_over_listening& ask) -> caf::result<void> {
      handed_over.push_back(ask);
      if (store_says)
        return store_says;
      return caf::unit;
    },
    [this](const health_proof& proof) { proofs.push_back(proof); }, [](const postpone_rechecks&) {}, [](wake) {});
  tenant_supervisor_actor supervisor = spawn_fake<tenant_supervisor_actor>(
    [](const begin_run&) {}, [](const resume_run&) {}, [](connection_changed) {}, [](const cancel_run&) {}, [](lode::listen) {},
    [](const hear_webhook&) {}, [](successor_listens) {}, [](replay_dead_letter) {}, [](leave_tenant) {}, [](const continuation_ended&) {}, [](const continuations_opened&) {},
    [this](const connection_failed& msg) { failures.push_back(msg); }, [](const records_died&) {}, [](timer_fired) {});
  capture_actor actor;

  capture_test() {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->processors = {worker};
    services->clock = &clock;
    services->health = &health;
    services->now = [this] { return now; };
    auto live = std::make_shared<live_services>();
    live->gaps = gaps;
    live->history = &history;
    live->make_listener = [this](caf::actor_system&, const listener_job& made) {
      after.push_back(made.after_event);
      listeners.push_back(spawn_fake<listener_actor>(
        [this](start_listening) { ++started; },
        [this](const messages_settled& msg) { settled.push_back(msg); }, [](const webhook_arrived&) {}, [](timer_fired) {}));
      return listeners.back();
    };
    actor = spawn<capture>(capture_job{services, live, connection, 0, supervisor, {}});
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([end = end](const caf::error&) { *end = true; });
    run();
  }

  template <class Message>
  void tell(Message msg) {
    caf::anon_send(actor, std::move(msg));
    run();
  }
  void listen() { tell(listening_began{connection->connection}); }
  /// One message, heard at this second.
  void hear(uint64_t batch, int64_t second) {
    tell(messages_heard{batch, {{clock.next(), "{}", instant{std::chrono::seconds{second}}, {}}}});
  }
  void commit(uint64_t batch, std::vector<std::string> ids = {}) {
    tell(messages_processed{batch, 1, std::move(ids)});
    page_committed done;
    done.generation = batch;
    tell(done);
  }
};

} // namespace

TEST_F(capture_test, what_was_heard_is_acknowledged_when_all_its_pages_are_committed) {
  listen();
  hear(7, 1);
  ASSERT_EQ(processed.size(), 1u);
  page_committed done;
  done.generation = processed[0].batch;
  tell(done); // the writer's word may overtake the processor's
  EXPECT_TRUE(settled.empty());
  tell(messages_processed{processed[0].batch, 2, {"e1", "e2"}});
  EXPECT_TRUE(settled.empty());
  tell(done);
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].batch, 7u) << "by the listener's own number";
  EXPECT_THAT(settled[0].event_ids, ElementsAre("e1", "e2"));
}

TEST_F(capture_test, messages_that_tell_nothing_are_settled_by_the_processor_alone) {
  listen();
  hear(1, 1);
  tell(messages_processed{processed[0].batch, 0});
  EXPECT_EQ(settled.size(), 1u);
}

TEST_F(capture_test, while_a_batch_is_on_its_way_what_is_heard_gathers_and_leaves_as_one) {
  listen();
  hear(7, 1);
  hear(8, 2);
  hear(9, 3);
  ASSERT_EQ(processed.size(), 1u);
  commit(processed[0].batch, {"e7"});
  ASSERT_EQ(processed.size(), 2u);
  EXPECT_EQ(processed[1].messages.size(), 2u);
  EXPECT_LT(processed[1].messages[0].counter, processed[1].messages[1].counter);
  EXPECT_EQ(settled.size(), 1u);
  commit(processed[1].batch, {"e8", "e9"});
  ASSERT_EQ(settled.size(), 3u) << "each by the listener's own number";
  EXPECT_EQ(settled[1].batch, 8u);
  EXPECT_EQ(settled[2].batch, 9u);
  EXPECT_THAT(settled[2].event_ids, ElementsAre("e8", "e9"));
}

TEST_F(capture_test, what_gathers_leaves_in_batches_of_bounded_size) {
  listen();
  hear(1, 1);
  for (uint64_t batch : {2, 3, 4})
    tell(messages_heard{batch, {{clock.next(), std::string(600'000, 'x'), instant{2s}, {}}}});
  commit(processed.at(0).batch);
  EXPECT_EQ(processed.at(1).messages.size(), 2u);
  commit(processed.at(1).batch);
  EXPECT_EQ(processed.at(2).messages.size(), 1u);
}

TEST_F(capture_test, sockets_that_end_again_and_again_while_nothing_commits_do_not_pile_up_what_they_heard) {
  listen();
  hear(1, 1); // is on its way for ever
  for (uint64_t life = 1; life <= 5; ++life) {
    hear(1 + life, 2);
    tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
    advance(1min);
    listen();
  }
  commit(processed.at(0).batch);
  ASSERT_EQ(processed.size(), 2u);
  commit(processed[1].batch);
  EXPECT_EQ(processed.size(), 2u) << "of the last socket only; the others' are owed a repair";
}

TEST_F(capture_test, in_doubt_is_what_was_known_when_the_first_of_a_batch_was_heard) {
  stream_live late = *connection->plan->streams[0].lode.live;
  late.max_event_delay = 5s;
  const_cast<source_plan&>(*connection->plan).streams[0].lode.live = std::make_shared<const stream_live>(late);
  const auto begin = system.clock().now();
  history.note(begin - 20s, 5);
  listen();
  advance(6s); // all that is known was committed by this node
  hear(1, 1);
  hear(2, 1);
  history.note(begin - 10s, 9); // known since, and older than 5 s
  commit(processed.at(0).batch);
  ASSERT_TRUE(processed.at(1).doubt_from);
  EXPECT_EQ(processed[1].doubt_from->counter, 5);
}

TEST_F(capture_test, a_proof_of_health_is_never_later_than_what_is_not_committed) {
  listen();
  hear(1, 2 * 3600);
  now = instant{3h};
  tell(still_listening{connection->connection});
  now = instant{4h};
  tell(still_listening{connection->connection});
  ASSERT_EQ(proofs.size(), 1u);
  EXPECT_EQ(proofs[0].until, instant{2h});
  EXPECT_EQ(proofs[0].subscription, begun.at(0).subscription.id);
  commit(processed[0].batch);
  tell(still_listening{connection->connection});
  ASSERT_EQ(proofs.size(), 2u);
  EXPECT_EQ(proofs[1].until, instant{4h});
}

TEST_F(capture_test, a_sign_of_life_proves_what_came_before_the_one_before) {
  listen();
  now = instant{2h};
  tell(still_listening{connection->connection});
  EXPECT_TRUE(proofs.empty()) << "what was received until now may still be on its way here";
  now = instant{3h};
  tell(still_listening{connection->connection});
  ASSERT_EQ(proofs.size(), 1u);
  EXPECT_EQ(proofs[0].until, instant{2h});
}

TEST_F(capture_test, a_gap_before_the_first_proof_begins_with_the_subscription) {
  listen();
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].since, instant{1h});
}

TEST_F(capture_test, without_a_word_from_the_store_nothing_is_proven) {
  store_says = caf::make_error(errc::store_unavailable);
  listen();
  tell(still_listening{connection->connection});
  EXPECT_TRUE(proofs.empty());
  store_says = {};
  advance(2s);
  EXPECT_EQ(begun.size(), 2u);
  for (auto when : {instant{2h}, instant{3h}}) {
    now = when;
    tell(still_listening{connection->connection});
  }
  EXPECT_EQ(proofs.size(), 1u);
}

TEST_F(capture_test, a_listener_that_ends_leaves_a_gap_and_another_one_is_begun) {
  listen();
  hear(1, 1);
  commit(processed[0].batch, {"e9"});
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_THAT(ended[0].reason, testing::HasSubstr("reset"));
  advance(1s);
  ASSERT_EQ(started, 2u);
  listen();
  ASSERT_EQ(begun.size(), 2u);
  EXPECT_NE(begun[0].subscription.id, begun[1].subscription.id);
}

TEST_F(capture_test, a_store_that_does_not_answer_is_told_of_the_gap_until_it_knows) {
  listen();
  store_says = caf::make_error(errc::store_unavailable);
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_FALSE(*end);
  advance(1s);
  EXPECT_EQ(started, 2u) << "it listens again all the same";
  advance(1s);
  EXPECT_GE(ended.size(), 2u);
  store_says = {};
  advance(2s);
  auto told = ended.size();
  advance(5s);
  EXPECT_EQ(ended.size(), told);
}

TEST_F(capture_test, the_next_listener_knows_the_last_event_that_is_committed) {
  websocket_settings socket;
  socket.resume = {*expression::program::parse("after {{ event_id }}")};
  const_cast<source_plan&>(*connection->plan).live[0].typed = socket;
  listen();
  hear(1, 1);
  hear(2, 2);
  commit(processed.at(0).batch, {"e8", "e9"});
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
  advance(1s);
  EXPECT_THAT(after, ElementsAre("", "e9")) << "the second message is not committed yet";
  listen();
  commit(processed.at(1).batch, {"e10"});
  hear(3, 3);
  EXPECT_EQ(processed.at(2).doubt_from, fact_order{}) << "what is sent again is older than it looks";
  commit(processed[2].batch, {"e10"});
  advance(2min);
  hear(4, 4);
  EXPECT_FALSE(processed.at(3).doubt_from);
}

TEST_F(capture_test, what_a_person_must_put_right_is_a_gap_with_that_reason) {
  listen();
  tell(listening_ended{connection->connection, caf::make_error(errc::bad_source, "no acknowledgement can be written")});
  EXPECT_TRUE(*end);
  EXPECT_EQ(failures.size(), 1u);
  ASSERT_EQ(ended.size(), 1u) << "else it would look as if it were listened to";
  EXPECT_THAT(ended[0].reason, testing::HasSubstr("no acknowledgement"));
}

TEST_F(capture_test, what_an_earlier_listener_heard_is_not_acknowledged_to_the_next_one) {
  listen();
  hear(1, 1);
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "reset")});
  advance(1s);
  listen();
  commit(processed[0].batch, {"e1"});
  EXPECT_TRUE(settled.empty());
}

TEST_F(capture_test, a_listener_that_ends_again_and_again_is_begun_more_and_more_seldom) {
  for (int i = 0; i < 6; ++i) {
    tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "refused")});
    advance(1min);
  }
  auto before = started;
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "refused")});
  advance(5s);
  EXPECT_EQ(started, before);
}

TEST_F(capture_test, the_wait_that_an_api_asks_for_is_kept) {
  tell(listening_ended{connection->connection, caf::make_error(errc::unreachable, "busy"), 30s});
  advance(29s);
  EXPECT_EQ(started, 1u);
  advance(2s);
  EXPECT_EQ(started, 2u);
}

TEST_F(capture_test, a_refused_token_is_a_persons_affair) {
  tell(listening_ended{connection->connection, caf::make_error(errc::unauthorized, "401")});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].connection, connection->connection);
  EXPECT_TRUE(*end);
}

TEST_F(capture_test, a_page_that_the_store_refuses_ends_it_without_a_word_to_the_ledger) {
  listen();
  hear(1, 1);
  tell(page_refused{processed[0].batch, commit_status::refused_fence});
  EXPECT_TRUE(*end);
  EXPECT_TRUE(ended.empty()) << "the next owner finds the gap by the last proof";
  EXPECT_TRUE(handed_over.empty());
}

TEST_F(capture_test, told_to_leave_it_commits_what_it_heard_and_hands_over) {
  listen();
  hear(1, 1);
  tell(leave_tenant{});
  EXPECT_FALSE(*end);
  EXPECT_TRUE(handed_over.empty());
  commit(processed[0].batch);
  EXPECT_EQ(handed_over.size(), 1u);
  EXPECT_TRUE(*end);
}

TEST_F(capture_test, a_store_that_does_not_answer_is_told_of_the_hand_over_until_it_knows) {
  listen();
  store_says = caf::make_error(errc::store_unavailable);
  tell(leave_tenant{});
  advance(1s);
  EXPECT_GE(handed_over.size(), 2u);
  EXPECT_FALSE(*end) << "whoever listens next would find a gap";
  store_says = {};
  advance(1s);
  EXPECT_TRUE(*end);
}

TEST_F(capture_test, a_hand_over_that_comes_too_late_is_not_tried_again) {
  listen();
  store_says = caf::make_error(errc::not_owner);
  tell(leave_tenant{});
  advance(1s);
  EXPECT_EQ(handed_over.size(), 1u);
  EXPECT_TRUE(*end);
}

TEST_F(capture_test, told_to_leave_it_commits_what_gathered_too) {
  listen();
  hear(1, 1);
  hear(2, 1);
  tell(leave_tenant{});
  commit(processed[0].batch);
  EXPECT_TRUE(handed_over.empty());
  ASSERT_EQ(processed.size(), 2u);
  commit(processed[1].batch);
  EXPECT_EQ(handed_over.size(), 1u);
  EXPECT_TRUE(*end);
}

TEST_F(capture_test, what_is_not_committed_in_time_is_lost_and_heard_anew) {
  listen();
  hear(1, 1);
  advance(5min);
  tell(still_listening{connection->connection});
  EXPECT_EQ(ended.size(), 1u);
  advance(1s);
  EXPECT_EQ(started, 2u);
  listen();
  hear(1, 2);
  EXPECT_EQ(processed.size(), 2u) << "nothing waits for what was lost";
}

TEST_F(capture_test, what_gathered_behind_a_lost_batch_goes_on) {
  listen();
  hear(1, 1);
  hear(2, 1);
  advance(5min);
  tell(still_listening{connection->connection});
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_EQ(processed.size(), 2u);
}

TEST_F(capture_test, while_the_store_is_away_nothing_is_taken_for_lost) {
  listen();
  hear(1, 1);
  health.outage_begins("down");
  advance(5min);
  tell(still_listening{connection->connection});
  EXPECT_TRUE(ended.empty());
  health.outage_ends();
}

TEST_F(capture_test, an_api_that_keeps_the_order_of_its_events_leaves_no_doubt_among_them) {
  listen();
  hear(1, 1);
  EXPECT_FALSE(processed[0].doubt_from);
}
