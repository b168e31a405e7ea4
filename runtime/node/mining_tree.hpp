#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/scheduling/turn_leaser.hpp"
#include "config/settings.hpp"
#include "messages/actors.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/node/extensions.hpp"
#include "runtime/node/node_figures.hpp"
#include "runtime/redis/shared_facts.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/page_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

class http_client;
struct metrics;

/// What outlives the actors of a node. Owned by the composition root.
struct mining_resources {
  settings config;
  http_client* http = nullptr;
  const sealer* seal = nullptr;
  const continuation_codec* codec = nullptr;
  metrics* measured = nullptr;
  const extensions* known = nullptr;
  std::function<std::shared_ptr<page_store>(int64_t writer)> open_page_store;
  /// Nothing where there is no Redis.
  std::function<std::unique_ptr<shared_facts>()> open_redis = [] { return nullptr; };
  /// Where slices of the budgets come from that nodes share; nothing where there is no Redis.
  std::function<turn_source()> open_turns = [] { return nullptr; };
  /// See budget_sharing.
  std::function<uint32_t()> live_nodes = [] { return 1u; };
  std::function<std::shared_ptr<run_store>()> open_run_store;
  std::function<std::shared_ptr<catalog_store>()> open_catalog;
  std::function<instant()> now;
  logical_clock clock;
  store_health health;
  node_figures figures;
};

/// The actors that mine, from the timer service to the scheduler. Everything they hold can be made again from the store:
/// when one of the shared ones ends by a defect the tree is stopped and built anew.
class mining_tree {
public:
  mining_tree(caf::actor_system& system, mining_resources& resources, std::vector<shard_claim> claims);
  /// Stops in the order of the page path: no new runs, no new pages, then what is on its way commits.
  ~mining_tree();

  void tell(tenant_id tenant, decltype(tenant_command::command) command);
  void look_for_work();
  /// A shared actor ended although nobody told it to.
  bool is_broken() const noexcept { return broken_->load(); }

private:
  services_pointer make_services(mining_resources& resources);
  template <class Handle>
  Handle watched(Handle handle);
  template <class Handle>
  void stop(const Handle& handle);

  caf::actor_system& system_;
  std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
  timers_actor timers_;
  turn_leaser_actor leaser_; ///< nothing where there is no Redis
  fetch_gate_actor gate_;
  run_keeper_actor keeper_;
  quarantine_actor quarantine_;
  std::vector<page_writer_actor> writers_;
  std::vector<processor_actor> processors_;
  shard_region_actor region_;
  scheduler_actor scheduler_;
};

} // namespace lode
