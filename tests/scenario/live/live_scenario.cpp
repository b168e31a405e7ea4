#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

scenario_settings listening(int tenants) {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.dialects = "graph";
  settings.records = "posts=60,comments=2";
  settings.is_live = true;
  return settings;
}

/// All listen, and nothing is owed or in doubt any more.
void await_quiet(scenario& world) {
  await("all events are delivered", [&] { return world.control_lines("/control/live/settled?timeout_ms=1000").at(0).at("settled").as_bool(); });
  await("all listen, all gaps are repaired, all doubts are settled", [&] {
    return world.number("SELECT count(*) FROM listener WHERE state = 0") == static_cast<int64_t>(world.tenants().size())
           && world.number("SELECT count(*) FROM live_gap WHERE state < 2") == 0
           && world.number("SELECT count(*) FROM recheck") == 0 && world.number("SELECT count(*) FROM run WHERE phase = 0") == 0;
  });
}

/// Of sockets that nobody cuts: what was told is committed, and what is in doubt on the list.
void await_acknowledged(scenario& world) {
  await("all events are delivered",
        [&] { return world.control_lines("/control/live/settled?timeout_ms=1000").at(0).at("settled").as_bool(); });
  await("all events are acknowledged", [&] {
    const auto live = world.control_lines("/control/live").at(0);
    return number_in(live, "acknowledged") == number_in(live, "delivered");
  });
}

void mutate(scenario& world, int seed) {
  world.control("/control/mutate", {{"inserts", 20}, {"edits", 60}, {"deletes", 10}, {"seed", seed}});
}

TEST(live_scenario, changes_are_stored_as_they_are_told_without_a_run) {
  scenario world{listening(3)};
  world.start_node();
  world.import_tenants();
  await_quiet(world);
  const auto runs = world.number("SELECT count(*) FROM run");
  mutate(world, 1);
  await_acknowledged(world);
  await_quiet(world);
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(world.number("SELECT count(*) FROM run"), runs) << "nothing was missed, so nothing is read";
}

TEST(live_scenario, what_sockets_miss_that_are_cut_again_and_again_is_repaired) {
  scenario world{listening(6)};
  world.start_node();
  world.import_tenants();
  await_quiet(world);
  world.control("/control/live/cut", {{"share", 0.3}, {"every_ms", 500}, {"for_ms", 8000}});
  for (int i = 0; i < 8; ++i) {
    mutate(world, 10 + i);
    world.await_settled();
  }
  world.control("/control/live/cut", {{"stop", true}});
  await_quiet(world);
  // Deletes of a span in which nobody listened show in a full pass only.
  EXPECT_TRUE(is_verified(world.audit({"--keep-deleted"}))) << world.audit_text();
}

TEST(live_scenario, what_a_killed_node_did_not_hear_is_repaired_from_its_last_proof_of_health) {
  scenario world{listening(4)};
  world.start_node();
  world.import_tenants();
  await_quiet(world);
  mutate(world, 30);
  world.kill_node();
  mutate(world, 31);
  const auto epochs = world.number("SELECT sum(epoch)::bigint FROM listener");
  world.start_node();
  await("another life listens to all", [&] {
    return world.number("SELECT sum(epoch)::bigint FROM listener") == epochs + static_cast<int64_t>(world.tenants().size());
  });
  await_quiet(world);
  EXPECT_TRUE(is_verified(world.audit({"--keep-deleted"}))) << world.audit_text();
}

} // namespace
} // namespace lode::test
