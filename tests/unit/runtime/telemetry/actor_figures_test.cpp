#include "runtime/telemetry/actor_figures.hpp"

#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace lode {
namespace {

struct sleeper_state {
  static constexpr const char* name = "lode.sleeper";
};

TEST(actor_figures, are_summed_over_all_actors_of_a_name) {
  caf::actor_system_config config;
  config.set("caf.metrics-filters.actors.includes", std::vector<std::string>{"lode.*"});
  caf::actor_system system{config};
  {
    caf::scoped_actor self{system};
    const auto sleeper = [](caf::stateful_actor<sleeper_state>*) {
      return caf::behavior{[](int32_t) { std::this_thread::sleep_for(std::chrono::milliseconds{2}); }};
    };
    auto a = system.spawn(sleeper), b = system.spawn(sleeper);
    for (const auto& to : {a, b, a})
      self->request(to, caf::infinite, int32_t{1}).receive([] {}, [](const caf::error& why) { FAIL() << to_string(why); });
    self->send_exit(a, caf::exit_reason::user_shutdown);
    self->send_exit(b, caf::exit_reason::user_shutdown);
    self->wait_for(a, b);
  }
  auto figures = actor_figures_of(system.metrics());
  // An actor is down before its last message is counted.
  for (int i = 0; i < 200 && figures.at(0).mailbox != 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    figures = actor_figures_of(system.metrics());
  }
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].name, "lode.sleeper");
  EXPECT_EQ(figures[0].mailbox, 0);
  EXPECT_GE(figures[0].messages, 3);
  EXPECT_GE(figures[0].processing_seconds, 0.006);
}

} // namespace
} // namespace lode
