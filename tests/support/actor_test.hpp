#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

#include "messages/actors.hpp"

namespace lode {

/// Runs actors on CAF's test scheduler: nothing happens until run(), time stands still until advance(). Actors spawned
/// through spawn() are ended with the test, so that no timer keeps the system alive.
class actor_test : public testing::Test {
protected:
  struct test_config : caf::actor_system_config {
    test_config() { set("caf.scheduler.policy", "testing"); }
  };

  actor_test() { system.await_actors_before_shutdown(false); }
  ~actor_test() override {
    for (auto& end : endings)
      end();
    run();
  }

  template <class Actor, class... Ts>
  auto spawn(Ts&&... xs) {
    auto handle = system.spawn<Actor>(std::forward<Ts>(xs)...);
    endings.push_back([handle] { caf::anon_send_exit(handle, caf::exit_reason::kill); });
    return handle;
  }

  /// An actor of interface `Handle` that keeps what it is told: one handler per message type.
  template <class Handle, class... Handlers>
  Handle spawn_fake(Handlers... handlers) {
    auto handle = system.spawn([=](typename Handle::pointer) -> typename Handle::behavior_type { return {handlers...}; });
    endings.push_back([handle] { caf::anon_send_exit(handle, caf::exit_reason::kill); });
    return handle;
  }

  void run() {
    while (scheduler.try_run_once()) {
    }
  }

  /// Lets time pass in the timer service's slots.
  void advance(std::chrono::nanoseconds span) {
    constexpr std::chrono::milliseconds slot{50};
    run();
    for (std::chrono::nanoseconds passed{0}; passed < span; passed += slot) {
      scheduler.advance_time(slot);
      run();
    }
  }

  /// Asks and runs until idle; the answer or the error.
  template <class Reply, class Handle, class... Ts>
  caf::expected<Reply> ask(const Handle& whom, Ts&&... xs) {
    caf::scoped_actor self{system};
    auto handle = self->request(whom, caf::infinite, std::forward<Ts>(xs)...);
    run();
    caf::expected<Reply> result{caf::make_error(errc::internal, "no answer")};
    handle.receive([&](Reply& reply) { result = std::move(reply); }, [&](caf::error& why) { result = std::move(why); });
    return result;
  }

  /// The same where the answer is only that it is done: none, or the error.
  template <class Handle, class... Ts>
  caf::error done(const Handle& whom, Ts&&... xs) {
    caf::scoped_actor self{system};
    auto handle = self->request(whom, caf::infinite, std::forward<Ts>(xs)...);
    run();
    caf::error result = caf::make_error(errc::internal, "no answer");
    handle.receive([&] { result = {}; }, [&](caf::error& why) { result = std::move(why); });
    return result;
  }

  /// As its owner ends it, with this reason.
  template <class Handle>
  void send_exit(const Handle& whom, caf::error why) {
    caf::anon_send(caf::actor_cast<caf::actor>(whom), caf::exit_msg{whom.address(), std::move(why)});
    run();
  }

  test_config config;
  caf::actor_system system{config};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::vector<std::function<void()>> endings;
};

} // namespace lode
