#pragma once

#include <caf/disposable.hpp>

#include <functional>
#include <memory>

#include "cluster/sharding/shard_plan.hpp"
#include "messages/actors.hpp"
#include "runtime/storage/membership_store.hpp"

namespace lode {

struct shard_keeper_parts {
  std::unique_ptr<membership_store> store;
  incarnation self;
  std::chrono::milliseconds drain_timeout{0}; ///< of pages in flight in a shard that leaves
  run_keeper_actor keeper;
  shard_region_actor region;
  scheduler_actor scheduler;
  std::function<void(const shard_table_pointer&)> publish;
  std::function<void()> tell_freed;           ///< to peers: look at once
  std::function<void(size_t)> report_owned;   ///< those that leave are counted until they are released
  std::function<void(const caf::error&)> report_trouble = [](const caf::error&) {}; ///< the store refuses what it keeps asking
  /// All shards that another node is about to leave to this one, whenever they are others than before.
  std::function<void(const std::vector<shard_id>&)> tell_coming = [](const auto&) {};
  std::chrono::milliseconds for_successor{0}; ///< listeners of a shard that leaves wait so long for the other node's
};

/// Carries out a shard_plan: reads owners, claims, vacates, releases, and tells the actors that mine. Holds nothing that the store
/// does not: one that starts takes what the store shows as its node's own.
struct shard_keeper_state {
  static constexpr const char* name = "lode.shard-keeper";

  shard_keeper_state(shard_keeper_actor::pointer self, shard_keeper_parts parts);
  shard_keeper_actor::behavior_type make_behavior();

  using time_point = shard_plan::time_point;

  /// Reads the owners and acts on what they show.
  void work();
  bool read();
  /// Claims and vacates what the plan says.
  void act();
  bool claim(const shard_plan::step& step);
  void vacate(const std::vector<shard_id>& shards);
  bool release();
  void tell_gained(const std::vector<shard_claim>& claims);
  void tell_lost(const std::vector<shard_id>& shards);
  void show();
  /// Waits for the store; ends the actor on a defect.
  void failed(const caf::error& why);
  void arm();

  shard_keeper_actor::pointer self;
  shard_keeper_parts parts;
  shard_plan plan;
  shard_table_pointer shown;
  size_t reported = SIZE_MAX;
  std::vector<shard_id> coming; ///< as it was told
  time_point last_read{}, next_read{};
  time_point not_before{}; ///< after a failure
  bool has_ended = false;
  bool is_gathering = false; ///< vacated shards are released with what else is in the mailbox
  caf::disposable alarm;
};
using shard_keeper = shard_keeper_actor::stateful_impl<shard_keeper_state>;

} // namespace lode
