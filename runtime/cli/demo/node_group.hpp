#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/node_client.hpp"
#include "runtime/cli/demo/progress_lines.hpp"
#include "runtime/cli/demo/show_state.hpp"
#include "runtime/cli/demo/workplace.hpp"

namespace lode::demo {

/// Where the nodes find what they share.
struct servers_shown {
  std::string dsn, redis_url;
};

/// The nodes of a show: started together, killed all at once or one for good, stopped together. What they did is added up over
/// their lives.
class node_group {
public:
  /// `check` is called while it waits; it throws when waiting is of no use.
  node_group(const workplace& place, show_state& state, std::function<void()> check);

  /// Starts those that are down, but for the one that is lost for good. Returns when they are ready.
  void start(const servers_shown& servers);
  /// Until they are linked and each owns its part of the shards.
  void await_shared();
  void kill_all();
  /// For good: the show's state names it from now on.
  void lose(const std::string& name);
  /// All at once, so that nobody takes over from anybody.
  void stop(int patience_ms);

  /// Throws failure when one of them has ended by itself.
  void check_alive();
  /// Adds the CPU time that they used since the last call, and the memory of the largest, to the show's state.
  void account();
  /// Asks one of them, the next one each time, what it has done.
  void look();

  /// Those that run.
  std::vector<const node_client*> all() const;
  /// One of them.
  const node_client& any() const;
  /// Of each of these tenants.
  std::vector<run_shown> latest_runs(const std::vector<std::string>& tenants) const;
  int64_t records() const;
  int64_t waiting_for_quota() const;
  size_t size() const { return nodes_.size(); }
  /// In the order of their names; the lost one counts as down.
  std::vector<node_line> lines() const;

private:
  struct show_node {
    show_node(const workplace& place, const std::string& name);

    std::string name;
    child_process process;
    uint16_t port = 0;
    std::unique_ptr<node_client> client{};
    node_figures_shown figures{};
    int64_t records_before = 0; ///< of its earlier lives
    double counted_cpu = 0;
  };

  void begin(show_node& node, const servers_shown& servers);
  void kill(show_node& node);
  void await_ready(const show_node& node);

  const workplace& place_;
  show_state& state_;
  std::function<void()> check_;
  std::vector<std::unique_ptr<show_node>> nodes_;
  size_t next_look_ = 0;
};

} // namespace lode::demo
