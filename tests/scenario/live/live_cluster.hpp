#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "tests/scenario/live/live_plan.hpp"
#include "tests/support/cluster_scenario.hpp"
#include "tests/support/dice.hpp"

namespace lode::test {

struct live_cluster_settings {
  int tenants = 30;
  std::string records = "posts=30,comments=1,contacts=30,orders=10,products=10,customers=10";
  uint32_t seed = 1;
};

/// Nodes n1, n2, ... that listen to the simulated APIs: of five tenants three over WebSockets (graph), one each over webhooks of crm and of
/// shop. Events come late, twice and out of order, and some of webhooks never: those only a sweep finds.
class live_cluster {
public:
  explicit live_cluster(const live_cluster_settings& settings);

  cluster_scenario& cluster() { return cluster_; }
  scenario& world() { return cluster_.world(); }

  /// Waits until each owns some shards and all talk to each other.
  void start_nodes(const std::set<std::string>& names);
  /// Where the APIs post: crm to n1 and shop to n2, whoever mines the tenant, and again and again while that node is away.
  void hook_up();
  /// Three nodes; all listen, and all that was before is read.
  void begin();
  void carry_out(const live_step& step);
  /// All trouble ends, and all nodes come up again. Nothing changes any more.
  void end_trouble();
  /// From now until all listen, all gaps are closed, all doubts settled, no run is open and an audit that begins then finds nothing but
  /// deletes that were not heard. Sweeps go on: what they find after now does not count, and what came before is swept.
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
  void launch(const std::string& name);
  uint16_t door_of(const std::string& name);
  void say_to_any(const std::string& target);
  void await_events();
  void read_all(std::chrono::seconds limit);

  uint32_t seed_;
  dice random_;
  cluster_scenario cluster_;
  std::set<std::string> nodes_;
  std::set<std::string> leaving_; ///< told to stop, not waited for
  std::set<std::string> drained_;
  std::map<std::string, uint16_t> doors_; ///< each node's console listens at the same port in all its lives
  int64_t calm_since_ = 0; ///< what sweeps add from then on does not count
};

} // namespace lode::test
