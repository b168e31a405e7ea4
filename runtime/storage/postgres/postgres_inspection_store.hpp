#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/postgres/connection.hpp"
#include "runtime/storage/postgres/standing_query.hpp"

namespace lode {

/// The inspection_store on PostgreSQL, in files by topic: who waits for what in postgres_standings.cpp, one look at everything in
/// postgres_overview.cpp, means to repair in postgres_repairs.cpp, all other lists in postgres_inspection_store.cpp.
class postgres_inspection_store final : public inspection_store {
public:
  postgres_inspection_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<standing_page> list_standings(const standing_filter& filter, size_t limit, instant now) override;
  caf::expected<std::vector<standing_row>> standings_of(tenant_id tenant, instant now) override;

  caf::expected<store_overview> overview(instant now) override;

  caf::expected<std::vector<listed_run>> list_runs(const run_filter& filter, size_t limit) override;
  caf::expected<std::vector<listed_letter>> list_dead_letters(int64_t after, size_t limit) override;
  caf::expected<listed_letter> load_dead_letter(int64_t id) override;
  caf::expected<std::vector<shard_move>> list_moves() override;
  caf::expected<std::vector<call_error>> list_call_errors(connection_id connection, size_t limit) override;
  caf::expected<std::vector<stream_progress>> list_progress(connection_id connection) override;
  caf::expected<std::vector<std::string>> unconfirmed_deletes(connection_id connection) override;

  caf::expected<std::vector<run_id>> reset(connection_id connection, const std::vector<stream_id>& streams,
                                           const std::string& reason, const once_only& once) override;
  caf::expected<requested_run> request_backfill(connection_id connection, const backfill_order& order, instant now,
                                                const once_only& once) override;
  caf::expected<std::optional<backfill_order>> load_backfill(connection_id connection) override;

  caf::expected<int64_t> add_audit(const audit_entry& entry) override;
  caf::error settle_audit(int64_t id, int status) override;
  caf::expected<std::vector<audit_entry>> list_audit(const std::string& tenant, int64_t after, size_t limit) override;

private:
  /// One whose plan is made for its values: those of a filter differ in what fits them by orders of magnitude.
  caf::expected<query_result> ask(const built_query& query, bool is_in_order = false);
  caf::expected<std::vector<int64_t>> dead_shards();

  /// Absent: many may fit.
  caf::expected<std::optional<std::vector<int64_t>>> candidates(const standing_scope& scope);
  caf::expected<std::vector<standing_hit>> rows_of(const standing_scope& scope, const std::vector<int64_t>& tenants,
                                                   const std::optional<standing_key>& after, size_t limit,
                                                   std::optional<int64_t>& total);
  caf::expected<std::vector<standing_hit>> rows_in_order(const standing_scope& scope,
                                                         const std::optional<standing_key>& after, size_t limit);
  caf::error count_all(const standing_filter& filter, std::optional<int64_t>& total);
  caf::expected<std::vector<standing_row>> standings(const std::vector<standing_hit>& hits,
                                                     const std::vector<int64_t>& dead, instant now);
  /// Counts what waits; a group for each that is a problem, with examples. `is_due`: of those that nobody tells of.
  caf::error add_groups(const caf::expected<query_result>& rows, bool is_due, const std::vector<int64_t>& dead,
                        instant now, std::unordered_map<int64_t, std::string>& sources, store_overview& into);

  postgres_connection link_;
  std::unordered_map<std::string, std::string> names_; ///< of built statements, by their text
  std::pair<int64_t, bool> tuned_{0, false};           ///< the session whose plans are made for their values, and how
};

std::unique_ptr<inspection_store> make_postgres_inspection_store(const postgres_settings& settings,
                                                                 const std::string& role = "inspection");

} // namespace lode
