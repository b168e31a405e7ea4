#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "actors/scheduling/full_pass.hpp"
#include "actors/scheduling/refresh_turns.hpp"
#include "actors/scheduling/run_report.hpp"
#include "actors/scheduling/schedule.hpp"
#include "messages/actors.hpp"
#include "runtime/manifest/plan.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

class continuation_codec;

/// What the run keeper works with. The functions keep manifests and keys out of it.
struct run_keeper_parts {
  std::shared_ptr<run_store> runs;
  std::shared_ptr<catalog_store> catalog;
  /// The span that a requested backfill is to read; nothing: whatever a backfill reads.
  std::function<caf::expected<std::optional<backfill_order>>(connection_id)> load_backfill = [](connection_id) {
    return caf::expected<std::optional<backfill_order>>{std::optional<backfill_order>{}};
  };
  std::shared_ptr<live_store> gaps{}; ///< what repairs are to read; null: nobody listens
  const continuation_codec* codec = nullptr;
  std::vector<shard_claim> claims{}; ///< with which it begins; more come and go
  std::function<caf::expected<source_plan_pointer>(const source_row&)> load_plan;
  std::function<caf::expected<std::string>(std::string_view)> open_secrets;
  std::function<caf::expected<std::string>(std::string_view)> seal_secrets;
  std::function<instant()> now;
  std::function<int64_t()> tick = [] { return int64_t{0}; }; ///< the node's logical clock
  schedule_registry schedules = builtin_schedules();
  /// Whether this node has a listener of that name.
  std::function<bool(const std::string&)> can_listen = [](const std::string&) { return false; };
  run_report report = no_run_report; ///< of what becomes durable here
};

/// Serves run_store and catalog_store; blocks, so it is detached. Holds nothing that the store does not but the turns of
/// token refreshes: a restart loses only cached plans. It stops when the refreshes under way are over, for at most 10 s: a
/// successor that arrived later could not be stored and would be lost.
struct run_keeper_state {
  static constexpr const char* name = "lode.run-keeper";

  run_keeper_state(run_keeper_actor::pointer self, run_keeper_parts parts);
  run_keeper_actor::behavior_type make_behavior();

  using begun_promise = caf::typed_response_promise<refresh_begun>;

  void begin(const begin_refresh& ask, const caf::actor_addr& asker, begun_promise begun);
  caf::expected<secrets_stored> store(const store_secrets& ask);
  void leave(connection_id connection, const caf::actor_addr& asker);
  /// Reported when the store has it; a connection that was suspended already is not suspended once more.
  caf::error suspend(const suspend_connection& ask);
  caf::error cancel(const cancel_run& ask);
  run_subject about(const connection_row& row, run_id run) const;
  caf::expected<command_standing> take(const take_command& ask);
  caf::error settle(const settle_command& ask);
  caf::expected<shard_claim> claim_of(tenant_id tenant) const;
  caf::expected<connection_pointer> load(connection_id id, bool is_coming = false);
  caf::expected<due_loaded> load_due_here(const load_due& ask);
  caf::expected<open_runs_loaded> load_open_here(const load_open_runs& ask);
  caf::expected<live_connections_loaded> load_live_here(const load_live_connections& ask);
  /// What never changes while the store is up is asked for once.
  caf::error learn_store();
  /// errc::stale_version when the connection is no longer what it was when it was loaded, or is not active.
  caf::error check_current(const connection_context& connection);
  template <class T>
  caf::expected<T> if_current(const connection_pointer& connection, caf::expected<T> answer);
  /// Ids by index in the plan: the chosen streams, and in `parents_only` what else they need.
  caf::error choose_streams(const connection_row& row, connection_context& into);
  /// Its live sides, where the configuration switches them on.
  caf::error prepare_live(connection_context& into);
  caf::expected<source_plan_pointer> plan_of(source_id id);
  caf::expected<source_plan_pointer> plan_of(const source_row& row);
  caf::expected<run_started> start(const start_run& ask);
  /// The slices that a run of this kind reads, from the cursors. `is_whole[i]`: stream i of the plan is read from the
  /// beginning, whatever its cursor says.
  /// `repairs`: what a repair has to read, whatever the cursors say. `ordered`: what a backfill has to read, of streams with dates.
  caf::expected<run_start> plan_run(const connection_context& connection, run_kind kind, const std::vector<bool>& is_whole,
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
  std::map<shard_id, shard_epoch> epochs; ///< of the shards that are this node's and not about to leave it
  std::map<shard_id, shard_epoch> left;   ///< of those that were: the latest claim, for commands that were taken under it
  std::map<source_id, std::pair<std::string, source_plan_pointer>> plans; ///< by source, with the version
  std::map<source_id, std::string> listed; ///< version under which the connections of each source were last asked for
  std::mt19937_64 random{std::random_device{}()};
  std::optional<uint64_t> seed; ///< known: the generation too
  int64_t generation = 0;
  refresh_turns turns;
  std::optional<caf::error> stopping;
};
using run_keeper = run_keeper_actor::stateful_impl<run_keeper_state>;

} // namespace lode
