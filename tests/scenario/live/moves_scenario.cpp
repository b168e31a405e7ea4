#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "tests/support/cluster_scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

scenario_settings listening(int tenants) {
  scenario_settings settings;
  settings.tenants = tenants;
  settings.dialects = "graph";
  settings.records = "posts=60,comments=2";
  settings.is_live = true;
  settings.node["cluster.drain_timeout"] = "30s"; // what is heard meanwhile has to be committed, on a machine that does other work, too
  return settings;
}

/// Tenants that change without a pause while they move between two nodes.
class live_moves : public testing::Test {
protected:
  void SetUp() override {
    cluster.start("n1");
    world.import_tenants();
    await_quiet();
    gaps = world.number("SELECT count(*) FROM gap");
    runs = world.number("SELECT count(*) FROM run");
  }

  /// Returns once all of it is told, or nobody is there to hear it.
  void mutate() {
    world.control("/control/mutate", {{"inserts", 5}, {"edits", 20}, {"deletes", 2}, {"seed", ++seed}});
    world.control_lines("/control/live/settled?timeout_ms=200");
  }

  /// How many connections that node listens to, in the epoch that its shards have now.
  int64_t heard_by(const std::string& node) {
    return world.number("SELECT count(*) FROM listener l JOIN shard s ON s.id = l.shard AND s.epoch = l.epoch "
                        "JOIN node n ON n.incarnation = s.owner WHERE l.state = 0 AND n.name = '" + node + "'");
  }
  int64_t all() const { return static_cast<int64_t>(world.tenants().size()); }

  void mutate_until(const std::string& what, const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + 40s;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << what;
      mutate();
    }
  }

  void await_quiet() {
    await("all events are delivered",
          [&] { return world.control_lines("/control/live/settled?timeout_ms=1000").at(0).at("settled").as_bool(); });
    auto quiet_since = std::chrono::steady_clock::now(); // what was delivered may not be committed yet, and raise doubts when it is
    await("all listen, all gaps are repaired, all doubts are settled", [&] {
      const bool is_quiet = world.number("SELECT count(*) FROM listener WHERE state = 0") == static_cast<int64_t>(world.tenants().size())
             && world.number("SELECT count(*) FROM live_gap WHERE state < 2") == 0
             && world.number("SELECT count(*) FROM recheck") == 0 && world.number("SELECT count(*) FROM run WHERE phase = 0") == 0;
      if (!is_quiet)
        quiet_since = std::chrono::steady_clock::now();
      return is_quiet && std::chrono::steady_clock::now() - quiet_since >= 1s;
    });
  }

  /// Of gaps that are too many, how many say what, and what the nodes wrote.
  std::string reasons() {
    std::string out;
    for (const std::string reason : {"nobody took over", "the listener before ended without a word", "the connection was changed"})
      out += "; " + std::to_string(world.number("SELECT count(*) FROM gap WHERE reason = '" + reason + "'")) + " times " + reason;
    return out + "\n" + cluster.logs();
  }

  void expect_nothing_missed(const std::string& after) {
    await_quiet();
    world.await_verified();
    EXPECT_EQ(world.number("SELECT count(*) FROM gap"), gaps) << after << reasons();
    EXPECT_EQ(world.number("SELECT count(*) FROM run"), runs) << after;
  }

  cluster_scenario cluster{listening(8)};
  scenario& world = cluster.world();
  int64_t gaps = 0;
  int64_t runs = 0;
  int seed = 0;
};

TEST_F(live_moves, a_node_that_joins_listens_before_the_other_one_ends_and_so_back_when_it_drains) {
  cluster.start("n2");
  cluster.use("n1");
  mutate_until("some are heard by the new node", [&] { return heard_by("n2") > 0 && heard_by("n1") + heard_by("n2") == all(); });
  expect_nothing_missed("join");
  world.api("POST", "/api/v1/nodes/n2/drain");
  mutate_until("all are heard by the first node", [&] { return heard_by("n1") == all(); });
  expect_nothing_missed("drain");
}

TEST_F(live_moves, a_node_that_stops_leaves_no_gap) {
  cluster.start("n2");
  mutate_until("some are heard by the new node", [&] { return heard_by("n2") > 0 && heard_by("n1") + heard_by("n2") == all(); });
  std::atomic<bool> has_stopped = false;
  std::thread changes{[&] {
    do
      mutate();
    while (!has_stopped);
  }};
  try {
    cluster.stop("n1");
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  has_stopped = true;
  changes.join();
  mutate_until("all are heard by the other node", [&] { return heard_by("n2") == all(); });
  expect_nothing_missed("stop");
}

} // namespace
} // namespace lode::test
