#pragma once

#include "cluster/membership/membership.hpp"
#include "cluster/sharding/shard_keeper.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/cluster_model.hpp"

#include <map>
#include <optional>
#include <random>
#include <string>

namespace lode {

/// Whole nodes as far as shards are concerned, the real actors of membership and sharding, on simulated time and over one database.
/// A region of theirs is at work on what it has gained until it has vacated it. What must never be is checked after each step.
class cluster_simulation : public actor_test {
protected:
  using trouble = model_store::trouble;
  using milliseconds = std::chrono::milliseconds;

  static constexpr milliseconds step{50};

  struct node {
    std::string name;
    incarnation self{};
    bool runs = false;
    int64_t flaps = 0;
    milliseconds began{0}, last_beat{0}, cut_until{0}, back_at{-1};
    std::shared_ptr<lease> held = std::make_shared<lease>();
    membership_actor members;
    shard_keeper_actor keeper;
    caf::actor region;
    std::shared_ptr<bool> is_over; ///< membership ended by itself
    std::map<int64_t, int64_t> working; ///< shard -> epoch
    size_t reported = 0;
    bool drains = false;
  };

  cluster_simulation() { nodes.reserve(16); }
  ~cluster_simulation() override {
    for (auto& each : nodes)
      kill(each);
  }

  node& add(const std::string& name);
  /// A process starts: joins, and lives until it is killed, or its life is over and the next one begins.
  void start(node& which);
  void kill(node& which);
  /// SIGTERM: gives all away, then leaves.
  void stop_cleanly(node& which);
  void set_draining(node& which, bool is_draining);

  void run_for(milliseconds span);
  void one_step();
  void check();
  /// Every shard is with the node that placement names, and is worked on there.
  bool is_settled() const;
  /// Until is_settled(); what it took, or nothing.
  std::optional<milliseconds> settle_within(milliseconds limit);

  trouble trouble_of(const node& which, const std::string& call);
  caf::actor spawn_region(node& which);
  uint32_t below(uint32_t limit) { return std::uniform_int_distribution<uint32_t>{0, limit - 1}(random); }
  const node* owner_of(incarnation self) const;

  size_t shard_count = 240;
  std::shared_ptr<cluster_model> model = std::make_shared<cluster_model>(shard_count);
  std::vector<node> nodes;
  std::mt19937 random{1};
  milliseconds now{0};
  milliseconds outage_until{0};
  uint32_t lost_answers_percent = 0, lost_hints_percent = 0;
  milliseconds longest_page{0}; ///< a shard needs up to so long to vacate
  bool only_planned = true;     ///< no two nodes ever work on one shard
  int64_t next_incarnation = 1;
  std::map<int64_t, milliseconds> idle_since; ///< shards that nobody works on
  milliseconds longest_idle{0};
  size_t moves = 0; ///< shards that began to be worked on
};

} // namespace lode
