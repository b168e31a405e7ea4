#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/scheduling/turn_leaser.hpp"
#include "actors/streaming/live_services.hpp"
#include "actors/streaming/prepared_captures.hpp"
#include "actors/supervision/standing_keeper.hpp"
#include "cluster/links/cluster_transport.hpp"
#include "cluster/membership/view_board.hpp"
#include "config/settings.hpp"
#include "messages/actors.hpp"
#include "messages/node_status.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/lease.hpp"
#include "runtime/node/actor_census.hpp"
#include "runtime/node/cluster_actors.hpp"
#include "runtime/node/extensions.hpp"
#include "runtime/node/node_figures.hpp"
#include "runtime/redis/shared_facts.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/membership_store.hpp"
#include "runtime/storage/page_store.hpp"
#include "runtime/storage/run_store.hpp"
#include "runtime/storage/sink_store.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

class http_client;
class websocket_client;
struct metrics;

/// What outlives the actors of a node. Owned by the composition root.
struct mining_resources {
  settings config;
  http_client* http = nullptr;
  websocket_client* sockets = nullptr;
  const sealer* seal = nullptr;
  const continuation_codec* codec = nullptr;
  metrics* measured = nullptr;
  const extensions* known = nullptr;
  std::function<std::shared_ptr<page_store>(int64_t writer)> open_page_store;
  /// Nothing where there is no Redis.
  std::function<std::unique_ptr<shared_facts>()> open_redis = [] { return nullptr; };
  /// Where slices of the budgets come from that nodes share; nothing where there is no Redis.
  std::function<turn_source()> open_turns = [] { return nullptr; };
  /// What it is for, names its session.
  std::function<std::unique_ptr<membership_store>(const std::string& purpose)> open_membership;
  std::function<std::shared_ptr<run_store>()> open_run_store;
  std::function<std::shared_ptr<live_store>()> open_live_store;
  std::function<std::shared_ptr<inspection_store>()> open_inspection_store;
  std::function<std::shared_ptr<catalog_store>()> open_catalog;
  std::function<std::shared_ptr<standing_store>()> open_standings;
  std::function<std::shared_ptr<sink_store>()> open_sinks;
  /// Whether the store is this cluster's and sealed with this node's key: settle_identity() of the store.
  std::function<caf::error()> settle_identity = [] { return caf::error{}; };
  std::function<instant()> now;
  logical_clock clock;
  clock_history history; ///< of that
  store_health health;
  node_figures figures;
  activity_board board;
  call_error_box errors;
  actor_census census;
  /// What the node knows of itself, for other nodes.
  std::function<node_report(std::optional<tenant_id> about)> report = [](auto) { return node_report{}; };
  open_gate_result gate; ///< where other nodes link; nothing where cluster.listen is not set

  // Of the present life, which begins when none of its actors is there.
  incarnation self() const { return {self_.load()}; }
  void begin_life(incarnation self, int64_t flapped) {
    self_ = self.value;
    flaps = flapped;
    held.end();
    views.put(std::make_shared<const cluster_view>());
  }
  int64_t flaps = 0;
  lease held;
  view_board views;

private:
  std::atomic<int64_t> self_{0};
};

/// The actors of a node, from the timer service to membership: what they mine is what the shard keeper finds to be this life's.
/// Everything they hold can be made again from the store: when one of the shared ones ends by a defect the tree is stopped and
/// built anew, for the same life.
class mining_tree {
public:
  mining_tree(caf::actor_system& system, mining_resources& resources);
  /// Stops in the order of the page path: no new shards and runs, no new pages, then what is on its way commits.
  ~mining_tree();

  void look_for_work();
  /// The node gives its shards to others; takes its part again.
  void set_draining(bool is_draining);
  /// Hints that another node may have come or died.
  void look_early();
  const tenant_router_actor& router() const noexcept { return cluster_.router; }
  /// Null where cluster.listen is not set.
  const peer_links_actor& links() const noexcept { return cluster_.links; }
  void sinks_changed();
  /// Nothing more is delivered from here. What is on its way to sinks has a bounded time to be answered and settled, while everything else
  /// goes on: whoever gets its shard meanwhile waits for it and delivers what follows.
  void finish_deliveries();
  /// From now on everything ends at once: other nodes own, or will own, what this one was mining.
  void abandon();
  /// Why this life is over: errc::not_owner, it was declared gone; errc::conflict, its name was taken.
  std::optional<caf::error> life_end() const;
  /// A shared actor ended although nobody told it to.
  bool is_broken() const noexcept { return broken_->load(); }

private:
  services_pointer make_services(mining_resources& resources);
  live_services_pointer make_live_services(mining_resources& resources);
  successor_actor make_successor(const services_pointer& services, std::function<void(const successor_ready&)> tell_owner);
  /// Counted, and missed when it ends by a defect.
  template <class Handle>
  Handle watched(Handle handle);
  template <class Handle>
  void stop(const Handle& handle, caf::error reason = caf::exit_reason::user_shutdown);
  void watch_life();

  caf::actor_system& system_;
  mining_resources& resources_;
  std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<errc>> life_end_ = std::make_shared<std::atomic<errc>>(errc::none);
  bool is_abandoned_ = false;
  std::shared_ptr<prepared_captures> prepared_ = std::make_shared<prepared_captures>();
  live_services_pointer live_;
  timers_actor timers_;
  turn_leaser_actor leaser_; ///< nothing where there is no Redis
  fetch_gate_actor gate_;
  run_keeper_actor keeper_;
  gap_keeper_actor gaps_;
  standing_keeper_actor standings_;
  courier_actor courier_;
  quarantine_actor quarantine_;
  std::vector<page_writer_actor> writers_;
  std::vector<processor_actor> processors_;
  shard_region_actor region_;
  scheduler_actor scheduler_;
  cluster_actors cluster_;
};

} // namespace lode
