#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/streaming/capture.hpp"
#include "actors/streaming/successor.hpp"
#include "actors/supervision/timers.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

connection_pointer live_connection_of(int64_t id, shard_epoch epoch, std::chrono::milliseconds delay = 0ms) {
  auto plan = std::make_shared<source_plan>(*item_plan());
  plan->live.push_back({});
  plan->live[0].listener = "puppet";
  plan->live[0].streams = {0};
  stream_live live;
  live.max_event_delay = delay;
  plan->streams[0].lode.live = std::make_shared<const stream_live>(live);
  auto made = std::make_shared<connection_context>(*item_connection(id, plan));
  made->claim.epoch = epoch;
  auto some = std::make_shared<int>(); // rules that nobody reads here
  made->live = {std::shared_ptr<const event_rules>{some, reinterpret_cast<const event_rules*>(some.get())}};
  return made;
}

/// Two captures of one connection, as on two nodes, among puppets.
struct succession_test : actor_test {
  connection_pointer before = live_connection_of(1, {0});
  connection_pointer after = live_connection_of(1, {7});
  std::vector<process_messages> processed;
  std::vector<begin_listening> begun;
  std::vector<end_listening> ended;
  std::vector<hand_over_listening> handed_over;
  std::vector<successor_ready> ready;
  // Those outlive the test: its actors end after it.
  std::shared_ptr<std::vector<int64_t>> ends = std::make_shared<std::vector<int64_t>>(); ///< listeners, by the order in which they were made
  std::shared_ptr<std::map<caf::actor_addr, bool>> down = std::make_shared<std::map<caf::actor_addr, bool>>();
  int64_t listeners = 0;
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
      return gaps_owed{};
    },
    [this](const end_listening& ask) { ended.push_back(ask); },
    [this](const hand_over_listening& ask) { handed_over.push_back(ask); }, [](const health_proof&) {},
    [](const postpone_rechecks&) {}, [](wake) {});
  tenant_supervisor_actor supervisor = spawn_fake<tenant_supervisor_actor>(
    [](const begin_run&) {}, [](const resume_run&) {}, [](connection_changed) {}, [](const cancel_run&) {}, [](lode::listen) {},
    [](const hear_webhook&) {}, [](successor_listens) {}, [](replay_dead_letter) {}, [](leave_tenant) {}, [](const continuation_ended&) {},
    [](const continuations_opened&) {}, [](const connection_failed&) {}, [](const records_died&) {}, [](timer_fired) {});
  successor_actor heard = spawn_fake<successor_actor>(
    [](const shards_coming&) {}, [this](const successor_ready& msg) { ready.push_back(msg); }, [](timer_fired) {});

  capture_actor make(const connection_pointer& connection, const tenant_supervisor_actor& of, const successor_actor& successor) {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->processors = {worker};
    services->clock = &clock;
    services->health = &health;
    services->now = [this] { return now; };
    auto live = std::make_shared<live_services>();
    live->gaps = gaps;
    live->history = &history;
    live->make_listener = [this](caf::actor_system&, const listener_job&) {
      auto made = spawn_fake<listener_actor>([](start_listening) {}, [](const messages_settled&) {}, [](const webhook_arrived&) {},
                                             [](timer_fired) {});
      caf::actor_cast<caf::abstract_actor*>(made)->attach_functor([ends = ends, mine = listeners++](const caf::error&) { ends->push_back(mine); });
      return made;
    };
    auto capture = spawn<lode::capture>(capture_job{services, live, connection, 0, of, {}, successor});
    caf::actor_cast<caf::abstract_actor*>(capture)->attach_functor(
      [down = down, address = capture.address()](const caf::error&) { (*down)[address] = true; });
    run();
    return capture;
  }
  capture_actor owner() {
    auto made = make(live_connection_of(1, {6}), supervisor, {});
    tell(made, listening_began{before->connection});
    return made;
  }
  capture_actor heir() { return make(before, {}, heard); }

  template <class Message>
  void tell(const capture_actor& capture, Message msg) {
    caf::anon_send(capture, std::move(msg));
    run();
  }
  void hear(const capture_actor& capture, uint64_t batch) {
    tell(capture, messages_heard{batch, {{clock.next(), "{}", now, {}}}});
  }
  void take(const capture_actor& capture) {
    tell(capture, take_over{after, caf::actor_cast<caf::strong_actor_ptr>(supervisor), {}});
  }
};

} // namespace

TEST_F(succession_test, who_leaves_goes_on_until_its_successor_listens_and_a_moment_longer) {
  auto old = owner();
  tell(old, leave_tenant{5s});
  EXPECT_THAT(*ends, IsEmpty());
  hear(old, 1);
  EXPECT_EQ(processed.size(), 1u) << "nothing is missed meanwhile";
  tell(old, successor_listens{before->connection, 42});
  EXPECT_THAT(*ends, IsEmpty()) << "what the API sent before the successor had subscribed may be on its way";
  advance(1'100ms);
  EXPECT_THAT(*ends, ElementsAre(0));
  EXPECT_THAT(handed_over, IsEmpty()) << "what it heard is not committed yet";
  tell(old, messages_processed{processed[0].batch, 0});
  ASSERT_EQ(handed_over.size(), 1u);
  EXPECT_EQ(handed_over[0].successor, 42);
  EXPECT_TRUE((*down)[old.address()]);
}

TEST_F(succession_test, a_word_that_is_repeated_delays_nothing) {
  auto old = owner();
  tell(old, leave_tenant{5s});
  for (int i = 0; i < 4; ++i) {
    tell(old, successor_listens{before->connection, 42});
    advance(300ms);
  }
  EXPECT_EQ(handed_over.size(), 1u);
}

TEST_F(succession_test, without_a_successor_it_ends_when_its_time_is_up_and_names_none) {
  auto old = owner();
  tell(old, leave_tenant{5s});
  advance(4s);
  EXPECT_THAT(handed_over, IsEmpty());
  advance(2s);
  ASSERT_EQ(handed_over.size(), 1u);
  EXPECT_EQ(handed_over[0].successor, 0);
}

TEST_F(succession_test, a_successor_that_has_been_silent_for_long_is_none) {
  auto old = owner();
  tell(old, successor_listens{before->connection, 42});
  advance(4s);
  tell(old, leave_tenant{5s});
  advance(6s);
  ASSERT_EQ(handed_over.size(), 1u);
  EXPECT_EQ(handed_over[0].successor, 0);
}

TEST_F(succession_test, a_successor_that_subscribed_again_after_the_end_missed_something) {
  auto old = owner();
  hear(old, 1);
  tell(old, successor_listens{before->connection, 42});
  tell(old, leave_tenant{5s});
  advance(1'100ms);
  EXPECT_THAT(*ends, ElementsAre(0));
  tell(old, successor_listens{before->connection, 43});
  tell(old, messages_processed{processed[0].batch, 0});
  ASSERT_EQ(handed_over.size(), 1u);
  EXPECT_EQ(handed_over[0].successor, 42) << "nobody has that subscription any more: there will be a gap";
}

TEST_F(succession_test, a_socket_that_is_lost_while_it_waits_is_a_gap_and_the_end) {
  auto old = owner();
  tell(old, leave_tenant{5s});
  tell(old, listening_ended{before->connection, caf::make_error(errc::unreachable, "reset")});
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_TRUE((*down)[old.address()]);
}

TEST_F(succession_test, a_successor_keeps_what_it_hears_until_it_takes_over) {
  auto next = heir();
  tell(next, listening_began{before->connection});
  ASSERT_EQ(ready.size(), 1u);
  hear(next, 1);
  hear(next, 2);
  EXPECT_THAT(processed, IsEmpty()) << "it could not be committed";
  EXPECT_THAT(begun, IsEmpty());
  take(next);
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].subscription.id, ready[0].said.subscription);
  EXPECT_EQ(begun[0].subscription.claim.epoch, shard_epoch{7});
  ASSERT_EQ(processed.size(), 1u);
  EXPECT_EQ(processed[0].messages.size(), 2u);
  EXPECT_EQ(processed[0].connection, after);
  EXPECT_EQ(processed[0].doubt_from, fact_order{}) << "the owner before may have committed what came after them";
  tell(next, messages_processed{processed[0].batch, 0});
  hear(next, 3);
  EXPECT_EQ(processed.size(), 2u);
  EXPECT_FALSE(processed[1].doubt_from) << "this API keeps the order of its events";
}

TEST_F(succession_test, what_was_heard_before_the_take_over_is_in_doubt_against_all_that_the_other_node_committed) {
  before = live_connection_of(1, {0}, 100ms);
  after = live_connection_of(1, {7}, 100ms);
  auto next = heir();
  tell(next, listening_began{before->connection});
  hear(next, 1);
  advance(10s);
  take(next);
  ASSERT_EQ(processed.size(), 1u);
  ASSERT_TRUE(processed[0].doubt_from);
  EXPECT_EQ(*processed[0].doubt_from, fact_order{});
}

TEST_F(succession_test, what_a_lost_socket_of_a_successor_heard_is_forgotten_and_a_new_subscription_is_told) {
  auto next = heir();
  tell(next, listening_began{before->connection});
  hear(next, 1);
  tell(next, listening_ended{before->connection, caf::make_error(errc::unreachable, "reset")});
  advance(2s);
  tell(next, listening_began{before->connection});
  ASSERT_EQ(ready.size(), 2u);
  EXPECT_NE(ready[0].said.subscription, ready[1].said.subscription);
  take(next);
  EXPECT_THAT(processed, IsEmpty()) << "its part of the subscription is a gap, which is repaired";
  EXPECT_EQ(begun.at(0).subscription.id, ready[1].said.subscription);
}

TEST_F(succession_test, a_successor_that_may_not_listen_says_so_only_when_it_has_taken_over) {
  auto next = heir();
  tell(next, listening_ended{before->connection, caf::make_error(errc::unauthorized, "401")});
  EXPECT_FALSE((*down)[next.address()]);
  take(next);
  tell(next, listening_ended{before->connection, caf::make_error(errc::unauthorized, "401")});
  EXPECT_TRUE((*down)[next.address()]);
}

namespace {

/// A successor whose run keeper knows connection 1 in shard 1 and connection 2 in shard 2.
struct successor_test : actor_test {
  std::map<int64_t, connection_pointer> known;
  std::vector<int64_t> made, told;
  std::vector<capture_actor> captures;
  std::shared_ptr<std::vector<int64_t>> ends = std::make_shared<std::vector<int64_t>>(); ///< outlives the test
  std::shared_ptr<prepared_captures> prepared = std::make_shared<prepared_captures>();
  timers_actor service = spawn<timers>();
  successor_actor actor;

  void SetUp() override {
    for (int64_t id : {1, 2}) {
      auto connection = std::make_shared<connection_context>(*live_connection_of(id, {0}));
      connection->connection = connection_id{id};
      connection->claim.shard = shard_id{id};
      known[id] = connection;
    }
    successor_parts parts;
    parts.timers = service;
    parts.keeper = caf::actor_cast<run_keeper_actor>(spawn_loader());
    parts.prepared = prepared;
    parts.tell_owner = [this](const successor_ready& msg) { told.push_back(msg.said.connection.value); };
    parts.make_capture = [this](caf::actor_system&, const connection_pointer& connection, uint32_t, const successor_actor&) {
      made.push_back(connection->connection.value);
      auto capture = spawn_fake<capture_actor>(
        [](listening_began) {}, [](still_listening) {}, [](const listening_ended&) {}, [](const messages_heard&) {},
        [](const messages_processed&) {}, [](const page_committed&) {}, [](const page_refused&) {}, [](const recheck_keys&) {},
        [](const webhook_arrived&) {}, [](const successor_listens&) {}, [](const take_over&) {}, [](leave_tenant) {},
        [](timer_fired) {});
      caf::actor_cast<caf::abstract_actor*>(capture)->attach_functor(
        [ends = ends, id = connection->connection.value](const caf::error&) { ends->push_back(id); });
      captures.push_back(capture);
      return capture;
    };
    actor = spawn<successor>(std::move(parts));
    run();
  }

  caf::actor spawn_loader() {
    return system.spawn([this]() -> caf::behavior {
      return {[this](const load_live_connections& ask) -> caf::result<live_connections_loaded> {
                EXPECT_TRUE(ask.are_coming);
                live_connections_loaded out;
                for (auto shard : ask.shards)
                  if (known.contains(shard.value))
                    out.connections.push_back({tenant_id{shard.value}, connection_id{shard.value}, shard});
                return out;
              },
              [this](const load_connection& ask) -> caf::result<connection_pointer> {
                EXPECT_TRUE(ask.is_coming);
                return known.at(ask.connection.value);
              }};
    });
  }
  void coming(std::vector<shard_id> shards) {
    caf::anon_send(actor, shards_coming{std::move(shards)});
    run();
  }
  capture_actor take(int64_t id, int64_t edition = 0) {
    return prepared->take({connection_id{id}, 0}, {edition, known.at(id)->source_version});
  }
};

} // namespace

TEST_F(successor_test, listens_to_what_comes_once) {
  coming({shard_id{1}});
  coming({shard_id{1}, shard_id{2}});
  EXPECT_THAT(made, ElementsAre(1, 2));
  EXPECT_EQ(take(1), captures[0]);
  EXPECT_EQ(take(1), nullptr) << "it is the supervisor's";
}

TEST_F(successor_test, a_subscription_is_told_again_and_again_until_the_shard_has_come) {
  coming({shard_id{1}});
  caf::anon_send(actor, successor_ready{tenant_id{1}, {connection_id{1}, 42}});
  run();
  advance(1'100ms), advance(1'100ms);
  EXPECT_THAT(told, ElementsAre(1, 1, 1));
  coming({});
  advance(1s);
  EXPECT_EQ(told.size(), 3u);
}

TEST_F(successor_test, what_never_comes_is_let_go_of) {
  coming({shard_id{1}});
  coming({});
  advance(5s);
  EXPECT_THAT(*ends, IsEmpty());
  for (int i = 0; i < 7; ++i)
    advance(1s);
  EXPECT_THAT(*ends, ElementsAre(1));
  EXPECT_EQ(take(1), nullptr);
}

TEST_F(successor_test, what_was_taken_lives_on) {
  coming({shard_id{1}});
  EXPECT_NE(take(1), nullptr);
  coming({});
  for (int i = 0; i < 12; ++i)
    advance(1s);
  EXPECT_THAT(*ends, IsEmpty());
}

TEST_F(successor_test, what_listens_to_another_edition_fits_nobody) {
  coming({shard_id{1}});
  EXPECT_EQ(take(1, 5), nullptr);
}
