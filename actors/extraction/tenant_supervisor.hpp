#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"

namespace lode {

/// Runs the connections of one tenant: loads their continuations in batches, mines a limited number at once, restarts
/// miners that end with a defect within a budget, and suspends a connection that cannot go on without a person, be it that
/// its deaths in the store condemn a continuation. Holds nothing that the store does not: after a restart of the node its
/// runs are resumed from there. Commands are answered when the store has what they ask for.
///
/// Told to leave it begins nothing more, lets the pages in flight commit, waits for what the store is being told and for token
/// refreshes under way, and ends; its runs stay open in the store.
struct tenant_supervisor_state {
  static constexpr const char* name = "lode.tenant-supervisor";
  static constexpr std::chrono::seconds store_retry{1};

  tenant_supervisor_state(tenant_supervisor_actor::pointer self, tenant_id tenant, services_pointer services,
                          scheduler_actor scheduler, shard_region_actor region);
  tenant_supervisor_actor::behavior_type make_behavior();

  struct child {
    miner_actor actor;
    continuation_row row;
  };
  /// Records of one stream that could not be used; how many there are in all stands in the store.
  struct dead_watch {
    int64_t unseen = 0;      ///< reported since the store was asked
    int64_t to_go = 0;       ///< how many it takes until it is worth asking
    bool is_asking = false;
    bool is_stopped = false; ///< over its limit: nothing more of it is mined in this run
  };
  struct active_run {
    run_id id;
    run_kind kind = run_kind::scheduled;
    connection_pointer connection;
    std::deque<continuation_row> ready;
    std::deque<continuation_row> sweeps; ///< when everything else of the run has been read
    std::map<continuation_id, child> mining;
    continuation_id loaded; ///< the last one that was read from the store
    bool has_more = true;   ///< the store may hold open continuations after `loaded`
    bool is_loading = false;
    bool has_ended = false; ///< the store says so, or holds nothing open
    uint32_t last_looks = 0; ///< for what nobody reported, since a miner was spawned
    uint32_t restarting = 0; ///< continuations that wait for a restart
    uint32_t judging = 0;    ///< questions and orders about dead records that have no answer yet
    std::map<stream_id, dead_watch> dead;
    bool has_failed = false;
    std::string reason;
    std::optional<double> quota_left; ///< as the latest miner that knows left it
    std::map<continuation_id, uint32_t> restarts{}; ///< of miners that ended with a defect
    activity_board::entry shown{};

    std::deque<continuation_row>& waiting(const continuation_row& row) { return row.is_sweep ? sweeps : ready; }
  };
  using budget = restart_budget<caf::actor_clock::time_point>;

  /// The answer to a command. One that nobody waits for goes nowhere.
  using answer = caf::typed_response_promise<void>;

  // commands
  template <class Command>
  caf::result<void> obey(Command act);
  void begin(const begin_run& command, answer done);
  void start(const begin_run& command, connection_pointer connection, answer done);
  void resume(const open_run& run, answer done = {});
  void changed(std::optional<connection_id> connection, answer done = {});
  void resume_open(std::optional<connection_id> connection, answer done = {});
  void cancel(const cancel_run& command, answer done);

  // the live side
  void listen_to(const listen& command, answer done);
  void listen_to_all();
  void capture(const connection_pointer& connection);
  void stop_listening(std::optional<connection_id> which);
  capture_actor capture_of(connection_id connection) const;
  caf::result<void> hear(hear_webhook& command);
  void successor(const successor_listens& command);
  void replay(const replay_dead_letter& command, answer done);

  // its end
  static caf::error moves_away();
  void leave(leave_tenant order);
  bool is_gone() const;

  // work
  void open(run_id run, run_kind kind, connection_pointer connection, run_event how);
  void pump(active_run& run);
  void load_more(active_run& run);
  void loaded(active_run& run, std::vector<continuation_row> rows);
  /// Nothing is known to be left: asks the store before the run is taken for finished.
  void look_again(active_run& run);
  bool mine(active_run& run, continuation_row row);
  void sweep(active_run& run);
  void spawn_miner(active_run& run, continuation_row row, uint32_t stream);
  void adopt(active_run& run, miner_actor miner, continuation_row row);
  void pump_all();
  void finish(run_id run, run_phase phase);
  void count_open_runs(connection_id connection);

  // what miners report
  void ended(const continuation_ended& report);
  void opened(const continuations_opened& report);
  void died(const records_died& report);
  void count_dead(run_id run, stream_id stream);
  void counted(run_id run, stream_id stream, const stream_tally& tally);
  void stop_stream(active_run& run, stream_id stream, const std::string& reason);
  void write_stop(run_id run, stream_id stream, const std::string& reason);
  /// The store will never do what a run of this connection needs to go on: a person has to look.
  void cannot_go_on(run_id run, stream_id stream, const std::string& what, const caf::error& why);
  bool is_stopped(const active_run& run, stream_id stream) const;
  void suspend(const suspend_connection& order);
  void write_suspension(const suspend_connection& order);
  void not_suspended(const suspend_connection& order, const std::string& why) const;
  /// A run could neither be started nor resumed. Unless that may go well another time, its connection is suspended: tried
  /// at each tick, it would use up the starts of others.
  void refused(connection_id connection, const caf::error& why, run_id run = {});
  void child_down(const caf::down_msg& down);
  void miner_down(const caf::down_msg& down);
  /// By which miner the row's stream is mined; "" for the default one.
  static std::string kind_of(const active_run& run, const continuation_row& row);
  void capture_down(connection_id connection, const caf::down_msg& down);
  void restart_later(active_run& run, const continuation_row& row, const caf::error& why);
  void restart(run_id run, continuation_id continuation);

  // of one connection, or (absent) of all
  void stop_miners(std::optional<connection_id> which, const caf::error& reason = caf::exit_reason::user_shutdown);
  /// Its runs stay open in the store and are nobody's here.
  void leave_open(std::optional<connection_id> which, const std::string& reason);
  credential_keeper_actor credentials_of(const connection_pointer& connection, size_t stream);
  /// People: metrics and log lines.
  void tell(run_event event, const active_run& run, stream_id stream, const std::string& detail);
  void later(std::chrono::nanoseconds delay, std::function<void()> action);
  void rest();

  tenant_supervisor_actor::pointer self;
  tenant_id tenant;
  services_pointer services;
  scheduler_actor scheduler;
  shard_region_actor region;
  std::map<run_id, active_run> runs;
  std::map<connection_id, budget> budgets;
  std::map<connection_id, credential_keeper_actor> credentials;
  std::map<std::pair<connection_id, uint32_t>, capture_actor> captures; ///< by connection and side
  std::set<caf::actor_addr> keepers; ///< credential keepers that have not ended, those of before a change too
  std::map<connection_id, std::shared_ptr<std::atomic<uint32_t>>> open_runs; ///< how many; its miners read it
  std::map<uint64_t, std::function<void()>> delayed; ///< by timer token
  uint64_t next_token = 0;
  uint64_t commands = 0; ///< received from the region
  uint32_t busy = 0;     ///< requests to the keeper without an answer
  size_t mined = 0;      ///< miners alive
  bool is_leaving = false;
  activity_board::entry shown;
};
using tenant_supervisor = tenant_supervisor_actor::stateful_impl<tenant_supervisor_state>;

} // namespace lode
