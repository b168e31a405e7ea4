#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/scenario.hpp"
#include "tests/support/test_network.hpp"

namespace lode::test {

/// A scenario with several nodes, n1, n2, ..., which find each other through the database and over loopback links. What the
/// scenario asks of "the node" goes to the one that was started or named by `use` last.
class cluster_scenario {
public:
  /// `links`: whether nodes talk to each other, or share the work through the database alone.
  explicit cluster_scenario(scenario_settings settings = {}, bool links = true);
  /// Each node in a place of that name, PostgreSQL in `postgres`, the simulated APIs in `apis`; links with certificates.
  cluster_scenario(std::shared_ptr<test_network> network, scenario_settings settings);

  scenario& world() { return world_; }
  /// Starts a node, for the first time or again, and waits until it is up. `dsn`: its own way to the database.
  void start(const std::string& name, const std::string& fault = "", const std::string& dsn = "");
  void start_all(size_t count);
  /// Starts a node and returns at once; the database need not answer. `await_up` waits until it is up, and talks to it from then on.
  void launch(const std::string& name, const std::string& fault = "", const std::string& dsn = "");
  void await_up(const std::string& name, bool may_die = false);
  /// SIGKILL.
  void kill(const std::string& name);
  /// SIGTERM, and waits for the end; throws unless it ends with 0.
  void stop(const std::string& name);
  void pause(const std::string& name);
  void go_on(const std::string& name);
  /// Talks to it from now on.
  void use(const std::string& name);
  child_process& process(const std::string& name) const;
  std::vector<std::string> running() const;

  json::object status(const std::string& name) const;
  /// Asks a node to run a tenant's connection. Status 0: it does not answer, or is not up yet.
  http_answer trigger_at(const std::string& name, const std::string& tenant);
  /// How a node finds its link to another one: up, dialling, awaited, refused, none.
  std::string link(const std::string& name, const std::string& other) const;
  /// How many shards each node owns in the store, by name.
  std::map<std::string, int64_t> shards();
  /// Waits until those nodes own all shards, each some, and nobody else any.
  void await_owners(const std::set<std::string>& names, std::chrono::milliseconds limit = std::chrono::seconds{30});
  /// From now on the database itself watches each change of owners; call once the store is migrated.
  void watch_epochs();
  /// Changes of a shard's owner that did not raise its epoch, and epochs that fell, since `watch_epochs`.
  int64_t epochs_that_did_not_grow();
  /// In order of the feed no shard shows a commit of an earlier epoch after one of a later epoch: how many do.
  int64_t commits_out_of_epoch();
  /// The ends of all logs.
  std::string logs() const;

private:
  void settle(const std::string& name);
  std::string certificates() const;
  void run_lode(std::vector<std::string> words);
  const running_node& node(const std::string& name) const;

  std::shared_ptr<test_network> network_; ///< null = all on this machine's loopback
  scenario world_;
  std::map<std::string, running_node> nodes_; ///< the one that the scenario talks to as well
};

} // namespace lode::test
