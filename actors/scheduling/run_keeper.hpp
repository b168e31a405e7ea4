#pragma once

#include <map>
#include <random>
#include <string>

#include "actors/scheduling/claim_table.hpp"
#include "actors/scheduling/connection_loader.hpp"
#include "actors/scheduling/full_pass.hpp"
#include "actors/scheduling/refresh_turns.hpp"
#include "actors/scheduling/run_keeper_parts.hpp"
#include "actors/scheduling/schedule.hpp"
#include "messages/actors.hpp"

namespace lode {

/// Serves run_store and catalog_store; blocks, so it is detached. Holds nothing that the store does not but the turns of
/// token refreshes: a restart loses only cached plans. It stops when the refreshes under way are over, for at most 10 s: a
/// successor that arrived later could not be stored and would be lost.
struct run_keeper_state {
  static constexpr const char* name = "lode.run-keeper";

  run_keeper_state(run_keeper_actor::pointer self, run_keeper_parts parts);
  run_keeper_actor::behavior_type make_behavior();

  using begun_promise = caf::typed_response_promise<refresh_begun>;

  /// Goes when it is told to and no refresh is under way any more.
  void wait_for_refreshes();
  caf::result<refresh_begun> enter(const begin_refresh& ask);
  void begin(const begin_refresh& ask, const caf::actor_addr& asker, begun_promise begun);
  caf::error end(const end_refresh& ask);
  /// The turn goes on while the store does not answer: it is asked again.
  caf::expected<secrets_stored> end(const store_secrets& ask);
  caf::expected<secrets_stored> store(const store_secrets& ask);
  void leave(connection_id connection, const caf::actor_addr& asker);
  /// Reported when the store has it; a connection that was suspended already is not suspended once more.
  caf::error suspend(const suspend_connection& ask);
  caf::error cancel(const cancel_run& ask);
  run_subject about(const connection_row& row, run_id run) const;
  caf::expected<command_standing> take(const take_command& ask);
  caf::error settle(const settle_command& ask);
  caf::expected<due_loaded> load_due_here(const load_due& ask);
  caf::expected<open_runs_loaded> load_open_here(const load_open_runs& ask);
  caf::expected<live_connections_loaded> load_live_here(const load_live_connections& ask);
  /// errc::stale_version when the connection is no longer what it was when it was loaded.
  template <class T>
  caf::expected<T> if_current(const connection_pointer& connection, caf::expected<T> answer);
  caf::expected<run_started> start(const start_run& ask);
  /// What a run of this kind reads, see plan_run().
  caf::expected<run_start> plan(const connection_context& connection, run_kind kind, const std::vector<bool>& is_whole,
                                const std::optional<slice_bounds>& repairs, const std::optional<backfill_order>& ordered);
  /// The gaps of live capture that a run begun now would repair; nothing where it is no such run, or there are none.
  caf::expected<std::optional<slice_bounds>> repairs_of(const connection_context& connection, run_kind kind);
  /// Down to where its newest-first streams need not be read, as far as it still says something: of this edition and source.
  caf::expected<std::vector<partition_anchor>> anchors_of(const connection_context& connection);
  /// What the run's full passes begin with, before its first request.
  void add_passes(run_start& run, const connection_context& connection, const full_passes& whole);
  /// What a run of this kind reads from the beginning.
  caf::expected<full_passes> passes_of(const connection_context& connection, run_kind kind);
  /// The connection's schedule at the interval that feedback has arrived at.
  caf::expected<std::optional<schedule>> schedule_of(const connection_context& connection);
  /// A later due time when this one was missed and the schedule skips missed runs.
  std::optional<instant> moved_by_policy(const std::optional<schedule>& timing, instant due);
  std::optional<instant> due_after(const std::optional<schedule>& timing, instant due);
  /// The due time is dealt with: on to the `next` one. `is_overlapped`: a run was open.
  caf::error move_on(const connection_context& connection, const std::optional<schedule>& timing,
                     std::optional<instant> next, bool is_overlapped);
  caf::error adjust_interval(const adjust_pace& ask);

  run_keeper_actor::pointer self;
  run_keeper_parts parts;
  claim_table claims{parts.claims}; ///< of shards that are this node's and not about to leave it
  connection_loader connections{parts};
  std::map<source_id, std::string> listed; ///< version under which the connections of each source were last asked for
  std::mt19937_64 random{std::random_device{}()};
  refresh_turns turns;
  std::optional<caf::error> stopping;
};
using run_keeper = run_keeper_actor::stateful_impl<run_keeper_state>;

} // namespace lode
