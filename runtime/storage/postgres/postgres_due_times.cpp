#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

/// Asked several times a second. Due ones are looked up one by one (OFFSET 0), for a plan that fits many of them reads all connections
/// even where none is due.
constexpr statement due_query{
  "due", "SELECT connection_id, tenant_id, shard, due, kind FROM ("
         "SELECT DISTINCT ON (d.connection_id) d.*, c.priority, CASE d.kind WHEN 3 THEN 0 WHEN 1 THEN 1 WHEN 4 THEN 2 "
         "WHEN 0 THEN 3 "
         "ELSE 4 END AS place FROM (SELECT connection_id, tenant_id, shard, due, kind FROM due WHERE due <= $2::bigint "
         "UNION ALL SELECT connection_id, tenant_id, shard, requested, kind FROM requested_run) d "
         "CROSS JOIN LATERAL (SELECT FROM shard WHERE id = d.shard AND owner = $1::bigint OFFSET 0) s "
         "CROSS JOIN LATERAL (SELECT priority FROM connection WHERE id = d.connection_id AND state = 0 OFFSET 0) c "
         "CROSS JOIN LATERAL (SELECT FROM tenant WHERE id = d.tenant_id AND state = 0 OFFSET 0) t "
         "ORDER BY d.connection_id, place, d.due DESC) most_urgent "
         "ORDER BY place, priority DESC, due DESC, connection_id LIMIT $3::bigint"};

constexpr statement request_run_statement{
  "request_run", "SELECT out_answer, out_run FROM lode_request_run_once($4::text, $1::bigint, $2::bigint, $3::bigint)"};

constexpr statement set_due_statement{
  "set_due", "INSERT INTO due (connection_id, tenant_id, shard, due, kind) "
             "SELECT id, tenant_id, shard, $2::bigint, $3::bigint FROM connection WHERE id = $1::bigint AND state <> 3 "
             "ON CONFLICT (connection_id) DO UPDATE SET due = EXCLUDED.due, kind = EXCLUDED.kind "
             "RETURNING connection_id"};

constexpr statement drop_due{"drop_due", "DELETE FROM due WHERE connection_id = $1::bigint"};

constexpr statement queue_statement{"queue_run", "SELECT lode_queue_run($1::bigint, $2::bigint)"};

constexpr statement pace_query{"load_pace", "SELECT every_ms, interval_ms FROM pace WHERE connection_id = $1::bigint"};

constexpr statement set_pace_statement{"set_pace",
                                       "SELECT lode_set_pace($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
                                       "$5::bigint, $6::bigint)"};

} // namespace

caf::expected<std::vector<due_connection>> postgres_run_store::load_due(instant until, size_t limit) {
  auto rows = link_.execute(due_query,
                            parameters{}.add(settings_.self.value).add(micros(until)).add(static_cast<int64_t>(limit)));
  return read_all(rows, [](const query_result& found, int row) {
    return due_connection{{found.number(row, 0)},
                          {found.number(row, 1)},
                          {found.number(row, 2)},
                          at(found.number(row, 3)),
                          static_cast<run_kind>(found.number(row, 4))};
  });
}

caf::error postgres_run_store::set_due(connection_id connection, std::optional<instant> due, run_kind kind) {
  if (!due)
    return error_of(link_.execute(drop_due, parameters{}.add(connection.value)));
  auto rows = link_.execute(set_due_statement,
                            parameters{}.add(connection.value).add(micros(*due)).add(static_cast<int64_t>(kind)));
  if (rows && rows->rows() == 0)
    return store_error(errc::not_found, "there is no connection " + to_string(connection));
  return error_of(rows);
}

caf::expected<requested_run> postgres_run_store::request_run(connection_id connection, run_kind kind, instant now,
                                                             const once_only& once) {
  if (auto error = check_once(once))
    return error;
  auto rows = link_.execute(
    request_run_statement,
    parameters{}.add(connection.value).add(static_cast<int64_t>(kind)).add(micros(now)).add_text(once.id));
  if (!rows)
    return rows.error();
  return requested_run{static_cast<request_answer>(rows->number(0, 0)), {rows->is_null(0, 1) ? 0 : rows->number(0, 1)}};
}

caf::error postgres_run_store::queue_run(connection_id connection, std::optional<instant> next_due) {
  parameters values;
  values.add(connection.value).add(next_due ? std::optional{micros(*next_due)} : std::nullopt);
  return error_of(link_.execute(queue_statement, values));
}

caf::expected<std::optional<run_pace>> postgres_run_store::load_pace(connection_id connection) {
  auto rows = link_.execute(pace_query, parameters{}.add(connection.value));
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return std::optional<run_pace>{};
  return std::optional{
    run_pace{std::chrono::milliseconds{rows->number(0, 0)}, std::chrono::milliseconds{rows->number(0, 1)}}};
}

caf::error postgres_run_store::set_pace(connection_id connection, run_id run, const run_pace& pace,
                                        std::chrono::microseconds shift, instant now) {
  parameters values;
  values.add(connection.value).add(run.value).add(int64_t{pace.every.count()}).add(int64_t{pace.interval.count()});
  values.add(int64_t{shift.count()}).add(micros(now));
  return error_of(link_.execute(set_pace_statement, values));
}

} // namespace lode
