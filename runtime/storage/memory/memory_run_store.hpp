#pragma once

#include <memory>
#include <mutex>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

/// The run_store in memory, in files by topic: runs and their continuations in memory_run_store.cpp, when they are due in
/// memory_due_times.cpp, what they read from the beginning in memory_full_passes.cpp, what sweeps compare in
/// memory_sweep_reads.cpp, records that could not be used in memory_dead_letters.cpp, refresh tokens in
/// memory_token_refreshes.cpp, commands and what is asked for once in memory_commands.cpp.
class memory_run_store final : public run_store {
public:
  using state = memory_database::state;

  memory_run_store(std::shared_ptr<state> db, incarnation self)
      : db_(std::move(db)), self_(self), session_(db_, self) {}

  caf::expected<started_run> start_run(const run_start& start) override;
  caf::expected<std::vector<open_run>> load_open_runs() override;
  caf::expected<std::vector<live_connection>> load_active(const std::vector<source_id>& sources,
                                                          const std::vector<shard_id>& shards) override;
  caf::expected<std::vector<continuation_row>> load_continuations(run_id run, continuation_id after,
                                                                  size_t limit) override;
  caf::expected<continuation_row> load_continuation(continuation_id id) override;
  caf::expected<continuation_row> resume_continuation(continuation_id id) override;
  caf::error mark_alone(continuation_id id) override;
  caf::expected<std::vector<partition_cursor>> load_cursors(connection_id connection) override;
  caf::expected<std::vector<partition_anchor>> load_anchors(connection_id connection) override;
  caf::error cancel_run(run_id run, const std::string& reason, const once_only& once) override;
  caf::expected<run_summary> load_run(run_id run) override;
  caf::expected<std::vector<run_summary>> list_runs(connection_id connection, size_t limit) override;

  caf::expected<std::vector<due_connection>> load_due(instant until, size_t limit) override;
  caf::error set_due(connection_id connection, std::optional<instant> due, run_kind kind) override;
  caf::expected<requested_run> request_run(connection_id connection, run_kind kind, instant now,
                                           const once_only& once) override;
  caf::error queue_run(connection_id connection, std::optional<instant> next_due) override;
  caf::expected<std::optional<run_pace>> load_pace(connection_id connection) override;
  caf::error set_pace(connection_id connection, run_id run, const run_pace& pace, std::chrono::microseconds shift,
                      instant now) override;

  caf::expected<std::vector<full_pass_row>> load_full_passes(connection_id connection) override;
  caf::error begin_full_passes(run_id run, instant began, const std::vector<full_pass_start>& passes) override;

  caf::expected<pass_standing> load_pass(run_id run, stream_id stream) override;
  caf::expected<pass_marks> load_marks(stream_id stream, run_id pass, int64_t after) override;
  caf::expected<std::vector<live_fact>> load_live(shard_id shard, stream_id stream, const std::string& after,
                                                  bool with_payload) override;
  caf::error confirm_deletes(connection_id connection, const std::vector<std::string>& streams,
                             const once_only& once) override;

  caf::expected<stream_tally> load_tally(run_id run, stream_id stream) override;
  caf::expected<dead_letter> load_dead_letter(connection_id connection, int64_t id) override;
  caf::error remove_dead_letter(connection_id connection, int64_t id) override;
  caf::error stop_stream(run_id run, stream_id stream, const std::string& reason) override;

  caf::expected<int64_t> begin_refresh(const refresh_token& token) override;
  caf::error forget_refresh(const refresh_token& token) override;
  caf::error store_successor(const refresh_token& token, const std::string& sealed_secrets) override;

  caf::expected<bool> was_done(const once_only& once) override;
  caf::expected<command_standing> take_command(const std::string& id, tenant_id tenant,
                                               const shard_claim& claim) override;
  caf::error settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                            const std::string& reason) override;
  caf::error untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override;

private:
  /// The answer of every operation that an injected fault comes before.
  static caf::error no_answer() { return store_error(errc::store_unavailable, "injected: the store does not answer"); }

  // Below the lock is held.
  bool is_mined_here(run_id run) const;
  run_summary summary(run_id run) const;
  caf::error check_start(const run_start& start) const;
  caf::error check_refresh(const refresh_token& token) const;
  caf::error check_command(const std::string& id, tenant_id tenant, const shard_claim& claim) const;
  caf::expected<requested_run> request(connection_id connection, run_kind kind, instant now);

  /// What is known of the id; null: nothing yet.
  caf::expected<const state::command_row*> known(const once_only& once, const std::string& what) const;
  void remember(const once_only& once, const std::string& what, tenant_id tenant,
                std::optional<requested_run> said = {});

  /// Whether the run read all its slices of these streams to the end.
  bool has_read(run_id run, const std::vector<stream_id>& streams) const;
  bool is_complete(const state::full_pass_entry& pass) const;
  /// Ends the pass if its run has ended, and looks whether later runs left something unread.
  void settle(connection_id connection, state::full_pass_entry& pass);
  bool is_sound(connection_id connection, const state::full_pass_entry& pass) const;

  std::shared_ptr<state> db_;
  incarnation self_;
  memory_session session_;
};

} // namespace lode
