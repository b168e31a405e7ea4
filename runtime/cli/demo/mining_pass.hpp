#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/cli/demo/display.hpp"
#include "runtime/cli/demo/stage.hpp"

namespace lode::demo {

struct pass_totals {
  int64_t records = 0, inserted = 0, changed = 0, unchanged = 0, deleted = 0;
  int64_t last_run = 0;

  void add(const run_shown& run);
};

/// Watches one pass over tenants until the run of each has finished. It asks the node only about tenants whose API has
/// been quiet for a moment, so that watching costs next to nothing.
class mining_pass {
public:
  struct plan {
    std::string title;
    std::vector<std::string> tenants;
    int64_t after_run = 0;        ///< runs up to this number belong to the pass before
    int64_t records_expected = 0; ///< 0 = nobody knows
    int64_t records_before = 0;   ///< what the nodes had read before the pass
    /// Of a run that is started once more.
    std::function<std::string(const std::string& tenant)> kind_of = [](const auto&) { return std::string{"manual"}; };
  };

  mining_pass(stage& stage, show_state& state, display& display, plan plan);

  /// Until all are done; `each_time` is called with each look at the traffic. Throws failure when nothing moves any more.
  void run(const std::function<void(const api_traffic&)>& each_time);

  const plan& planned() const { return plan_; }
  const pass_totals& totals() const { return totals_; }
  bool is_done(const std::string& tenant) const { return done_.count(tenant) > 0; }
  std::set<std::string> unfinished() const;
  /// How much of the pass is over, 0 to 1, by what moves most.
  double share() const;
  /// Says of nodes that are down what became of them, at an instant of the simulated APIs' clock.
  std::function<void(std::vector<node_line>&, int64_t now)> describe_nodes = [](auto&, auto) {};
  /// For what happens between two looks, or outside run().
  void show_now();

private:
  using moment = std::chrono::steady_clock::time_point;
  struct watched {
    int64_t after_run = 0;
    int repeated = 0;
    moment next_look{};
  };

  void look_at_quiet_ones(const api_traffic& traffic);
  void look_at(const std::string& tenant, const run_shown& run);
  void measure(const api_traffic& traffic);
  void check_movement();

  stage& stage_;
  show_state& state_;
  display& display_;
  plan plan_;
  std::map<std::string, watched> open_;
  std::set<std::string> done_;
  pass_totals totals_;
  progress shown_;
  int64_t calls_counted_ = -1;
  moment calls_at_{}, moved_at_{};
  int64_t now_ = 0;
  int64_t moved_sum_ = -1;
};

} // namespace lode::demo
