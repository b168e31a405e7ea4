#include "runtime/storage/postgres/postgres_admin_store.hpp"

#include <algorithm>

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr statement activity_counts_query{
  "activity_counts", "SELECT 0::bigint, state, count(*) FROM tenant GROUP BY state "
                     "UNION ALL SELECT 1::bigint, state, count(*) FROM connection GROUP BY state"};

constexpr statement stopped_connections{
  "stopped_connections", "SELECT t.name::text, c.name::text, greatest(c.state, t.state), "
                         "CASE c.state WHEN 0 THEN t.reason ELSE c.reason END "
                         "FROM connection c JOIN tenant t ON t.id = c.tenant_id "
                         "WHERE greatest(c.state, t.state) IN (1, 2) "
                         "ORDER BY greatest(c.state, t.state) DESC, t.name, c.name LIMIT $1::bigint"};

constexpr statement dead_letters_after{
  "dead_letters_after", "SELECT id, connection_id, stream_id, run_id, (extract(epoch FROM created) * 1000000)::bigint, "
                        "key::text, payload, reason FROM dead_letter "
                        "WHERE stream_id = ANY (ARRAY(SELECT id FROM stream WHERE tenant_id = $1::bigint)) "
                        "AND id > $2::bigint ORDER BY id LIMIT $3::bigint"};

/// The version is raised as by any edit, far beyond the pages in flight. One row is locked and no shard: no deadlock.
constexpr statement set_continuation_state{
  "set_continuation_state", "UPDATE continuation SET state = $3::bytea, version = version + 1048576 "
                            "WHERE id = $1::bigint AND version = $2::bigint AND phase = 0 RETURNING version"};

constexpr statement open_version{"open_version", "SELECT version FROM continuation WHERE id = $1::bigint AND phase = 0"};

class postgres_admin_store final : public admin_store {
public:
  postgres_admin_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<activity_counts> count_activities() override {
    auto rows = link_.execute(activity_counts_query);
    if (!rows)
      return rows.error();
    activity_counts out;
    for (int row = 0; row < rows->rows(); ++row) {
      auto& counts = rows->number(row, 0) == 0 ? out.tenants : out.connections;
      counts.at(static_cast<size_t>(rows->number(row, 1))) = rows->number(row, 2);
    }
    return out;
  }

  caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) override {
    auto rows = link_.execute(stopped_connections, parameters{}.add(static_cast<int64_t>(limit)));
    if (!rows)
      return rows.error();
    std::vector<stopped_connection> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.push_back({rows->string(row, 0), rows->string(row, 1), static_cast<activity>(rows->number(row, 2)),
                     rows->string(row, 3)});
    return out;
  }

  caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) override {
    parameters values;
    values.add(tenant.value).add(after).add(static_cast<int64_t>(limit));
    auto rows = link_.execute(dead_letters_after, values);
    if (!rows)
      return rows.error();
    std::vector<dead_letter_row> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.push_back({rows->number(row, 0), {rows->number(row, 1)}, {rows->number(row, 2)}, {rows->number(row, 3)},
                     instant{std::chrono::microseconds{rows->number(row, 4)}}, rows->string(row, 5),
                     rows->string(row, 6), rows->string(row, 7)});
    return out;
  }

  caf::error set_continuation(continuation_id id, int64_t expected_version, const std::string& sealed) override {
    parameters values;
    values.add(id.value).add(expected_version).add_bytes(sealed);
    auto done = link_.execute(set_continuation_state, values);
    if (!done || done->rows() == 1)
      return done ? caf::error{} : done.error();
    auto found = link_.execute(open_version, parameters{}.add(id.value));
    if (!found)
      return found.error();
    if (found->rows() == 0)
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
    return store_error(errc::stale_version, "continuation " + to_string(id) + " stands at version "
                                              + std::to_string(found->number(0, 0)) + ", not " + std::to_string(expected_version));
  }

private:
  postgres_connection link_;
};

} // namespace

std::unique_ptr<admin_store> make_postgres_admin_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_admin_store>(settings, role);
}

} // namespace lode
