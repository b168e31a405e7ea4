#include "actors/supervision/timers.hpp"

#include "tests/support/actor_test.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

struct timers_test : actor_test {
  /// A client that arms one timer when it is woken and keeps the tokens that fire.
  struct client_state {
    using interface = caf::typed_actor<caf::result<void>(timer_fired), caf::result<void>(arm_timer)>;
    static constexpr const char* name = "client";
    client_state(interface::pointer self, timers_actor timers, std::vector<uint64_t>* fired)
      : self(self), timers(std::move(timers)), fired(fired) {}
    interface::behavior_type make_behavior() {
      return {[this](timer_fired msg) { fired->push_back(msg.token); },
              [this](const arm_timer& msg) { self->send(timers, msg); }};
    }
    interface::pointer self;
    timers_actor timers;
    std::vector<uint64_t>* fired;
  };

  timers_actor service = spawn<timers>();
  std::vector<uint64_t> fired;
  client_state::interface client = spawn<client_state::interface::stateful_impl<client_state>>(service, &fired);

  void arm(std::chrono::nanoseconds delay, uint64_t token) { caf::anon_send(client, arm_timer{delay, token}); }
};

} // namespace

TEST_F(timers_test, a_timer_fires_once_after_its_delay_and_not_before) {
  arm(200ms, 7);
  advance(150ms);
  EXPECT_TRUE(fired.empty());
  advance(150ms);
  EXPECT_EQ(fired, std::vector<uint64_t>{7});
  advance(1s);
  EXPECT_EQ(fired.size(), 1u);
}

TEST_F(timers_test, timers_fire_in_the_order_of_their_due_times) {
  arm(500ms, 1);
  arm(100ms, 2);
  arm(300ms, 3);
  advance(1s);
  EXPECT_EQ(fired, (std::vector<uint64_t>{2, 3, 1}));
}

TEST_F(timers_test, an_earlier_timer_that_is_armed_later_fires_in_time_and_the_later_one_still_does) {
  arm(10s, 1);
  run();
  arm(100ms, 2);
  advance(200ms);
  EXPECT_EQ(fired, std::vector<uint64_t>{2});
  arm(300ms, 3);
  advance(400ms);
  EXPECT_EQ(fired, (std::vector<uint64_t>{2, 3}));
  advance(10s);
  EXPECT_EQ(fired, (std::vector<uint64_t>{2, 3, 1}));
}

TEST_F(timers_test, nothing_wakes_a_service_that_has_nothing_due) {
  arm(100ms, 1);
  advance(200ms);
  EXPECT_EQ(fired, std::vector<uint64_t>{1});
  EXPECT_FALSE(scheduler.has_pending_timeout());
}

TEST_F(timers_test, ten_thousand_timers_hold_one_timer_of_the_actor_system) {
  for (uint64_t token = 0; token < 10'000; ++token)
    arm(1s, token);
  run();
  advance(1200ms);
  EXPECT_EQ(fired.size(), 10'000u);
}

TEST_F(timers_test, a_client_that_ended_is_forgotten) {
  arm(100ms, 1);
  run();
  caf::anon_send_exit(client, caf::exit_reason::kill);
  run();
  client = nullptr;
  advance(300ms);
  EXPECT_TRUE(fired.empty());
}
