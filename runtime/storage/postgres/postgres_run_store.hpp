#pragma once

#include <memory>

#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/postgres/postgres_commands.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// The run_store on PostgreSQL, in files by topic: runs and their continuations in postgres_run_store.cpp, when they are due in
/// postgres_due_times.cpp, full passes and their sweeps in postgres_full_passes.cpp, records that could not be used in
/// postgres_dead_letters.cpp, refresh tokens in postgres_token_refreshes.cpp, commands in postgres_commands.cpp.
class postgres_run_store final : public run_store {
public:
  postgres_run_store(const postgres_settings& settings, const std::string& role)
      : settings_(settings), link_(settings, role) {}
  postgres_run_store(const postgres_run_store&) = delete;
  postgres_run_store& operator=(const postgres_run_store&) = delete;

  caf::expected<started_run> start_run(const run_start& wanted) override;
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

  caf::expected<bool> was_done(const once_only& once) override { return commands_.was_done(once); }
  caf::expected<command_standing> take_command(const std::string& id, tenant_id tenant,
                                               const shard_claim& claim) override {
    return commands_.take(id, tenant, claim);
  }
  caf::error settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                            const std::string& reason) override {
    return commands_.settle(id, tenant, claim, outcome, reason);
  }
  caf::error untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override {
    return commands_.untake(id, tenant, claim);
  }

private:
  /// Whose token it is, under which claim: what each statement about it begins with.
  parameters fenced(const refresh_token& token) const;

  postgres_settings settings_;
  postgres_connection link_;
  postgres_commands commands_{link_, settings_.self};
};

/// The run_store of this life of a node (`settings.self`) on PostgreSQL. `role` names its session.
std::unique_ptr<run_store> make_postgres_run_store(const postgres_settings& settings, const std::string& role = "runs");

} // namespace lode
