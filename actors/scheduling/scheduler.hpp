#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "actors/scheduling/steady_rate.hpp"
#include "actors/supervision/restart_budget.hpp"
#include "messages/actors.hpp"

namespace lode {

struct scheduler_settings {
  std::chrono::nanoseconds tick = std::chrono::milliseconds{200};
  uint32_t starts_per_second = 100;
  uint32_t resumes_per_second = 1'000;
  uint32_t max_open_runs = 10'000;
  restart_limits tenants; ///< how often a tenant whose supervisor died is gone on with
  std::chrono::nanoseconds compare_every = std::chrono::minutes{1}; ///< the store's open runs with those known here
};

/// Starts what is due at a steady rate and resumes, first of all, what was left open in the shards that became this node's,
/// latest run first. Due times and open runs live in the store; what is held here is only what is on its way: now and then the
/// two are compared, and what is open in the store and nobody runs is resumed. A tenant whose supervisor died is gone on with
/// from the store, within a budget; then what it was running is suspended.
struct scheduler_state {
  static constexpr const char* name = "lode.scheduler";

  scheduler_state(scheduler_actor::pointer self, timers_actor timers, run_keeper_actor keeper, shard_region_actor region,
                  scheduler_settings settings, std::function<instant()> now, std::function<void(int64_t)> report_open);
  scheduler_actor::behavior_type make_behavior();

  void look();
  void give_feedback(const run_finished& run);
  void load_open();
  void compare();
  void resume(std::vector<open_run> runs);
  void gained(const shards_gained& msg);
  void leaving(const shards_leaving& msg);
  bool is_mine(tenant_id tenant) const;
  void resume_some();
  void load_live(std::vector<shard_id> asked);
  void listen_some();
  void load_due_runs();
  void start(const std::vector<due_connection>& due, size_t room);
  void lost(const tenant_lost& msg);
  void resume_tenant(tenant_id tenant);
  void suspend(connection_id connection, const std::string& reason);

  scheduler_actor::pointer self;
  timers_actor timers;
  run_keeper_actor keeper;
  shard_region_actor region;
  scheduler_settings settings;
  std::function<instant()> now;
  std::function<void(int64_t)> report_open;
  std::set<shard_id> shards;            ///< this node's
  std::set<shard_id> unread;            ///< those of them whose open runs are not known yet
  caf::actor_clock::time_point compared{};
  bool is_asking = false;               ///< a question to the keeper has no answer yet
  std::deque<open_run> to_resume;
  std::set<shard_id> unheard;             ///< those of `shards` whose live connections are not known yet
  std::deque<live_connection> to_listen;
  steady_rate starts;
  steady_rate resumes;
  std::map<connection_id, tenant_id> starting; ///< told to begin, not heard of since
  struct begun_run {
    tenant_id tenant;
    connection_id connection;
  };
  std::map<run_id, begun_run> open;
  std::map<tenant_id, restart_budget<caf::actor_clock::time_point>> budgets; ///< of tenants that were lost
  uint64_t token = 0;
};
using scheduler = scheduler_actor::stateful_impl<scheduler_state>;

} // namespace lode
