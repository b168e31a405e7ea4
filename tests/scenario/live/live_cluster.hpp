#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "tests/scenario/live/live_plan.hpp"
#include "tests/support/cluster_scenario.hpp"
#include "tests/support/dice.hpp"

namespace lode::test {

struct live_cluster_settings {
  int tenants = 30;
  std::string records = "posts=30,comments=1";
  uint32_t seed = 1;
};

/// Nodes n1, n2, ... that listen to the simulated APIs of dialect graph, whose events come late, twice and out of order.
class live_cluster {
public:
  explicit live_cluster(const live_cluster_settings& settings);

  cluster_scenario& cluster() { return cluster_; }
  scenario& world() { return cluster_.world(); }

  /// Waits until each owns some shards and all talk to each other.
  void start_nodes(const std::set<std::string>& names);
  /// Three nodes; all listen, and all that was before is read.
  void begin();
  void carry_out(const live_step& step);
  /// All trouble ends, and all nodes come up again. Nothing changes any more.
  void end_trouble();
  /// From now until all listen, all gaps are closed, all doubts settled and no run is open.
  std::chrono::milliseconds await_quiet(std::chrono::seconds limit);
  /// Full passes of everything until the store says of no gap that its deletes are unverified; one that was unsure of something
  /// leaves that to the next one.
  void verify_deletes(std::chrono::seconds limit_of_each);

  void change(int inserts, int edits, int deletes);
  void cut(double share, const std::string& how);
  /// `count` tenants, of any node; whether it succeeds does not matter.
  void order(int count);
  void start(const std::string& name);
  /// What is not quiet, for a person.
  std::string unrest();

private:
  void say_to_any(const std::string& target);
  void await_events();
  void read_all(std::chrono::seconds limit);

  uint32_t seed_;
  dice random_;
  cluster_scenario cluster_;
  std::set<std::string> nodes_;
  std::set<std::string> leaving_; ///< told to stop, not waited for
  std::set<std::string> drained_;
};

} // namespace lode::test
