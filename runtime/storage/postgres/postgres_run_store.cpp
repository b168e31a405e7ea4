#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/postgres/run_rows.hpp"
#include "runtime/storage/postgres/start_call.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement open_runs{
  "open_runs", "SELECT r.id, r.tenant_id, r.connection_id, r.shard, r.kind, "
               "coalesce((SELECT max(crash_resumes) FROM continuation WHERE run_id = r.id AND phase = 0 AND NOT sweeps), 0) "
               "FROM run r JOIN shard s ON s.id = r.shard AND s.owner = $1::bigint "
               "JOIN connection c ON c.id = r.connection_id AND c.state = 0 "
               "JOIN tenant t ON t.id = r.tenant_id AND t.state = 0 "
               "WHERE r.phase = 0 ORDER BY r.id DESC"};

constexpr statement active_of_sources{
  "active_of_sources", "SELECT c.tenant_id, c.id, t.shard FROM connection c JOIN tenant t ON t.id = c.tenant_id AND t.state = 0 "
                       "JOIN shard s ON s.id = t.shard AND CASE cardinality($3::bigint[]) WHEN 0 THEN s.owner = $1::bigint "
                       "ELSE s.id = ANY ($3) END WHERE c.state = 0 AND c.source_id = ANY ($2::bigint[]) ORDER BY c.id"};

// alone_deaths of a continuation that has committed a page since is history.
#define LODE_CONTINUATION_COLUMNS                                                                                      \
  "c.id, c.run_id, c.stream_id, c.partition, c.slice_from, c.slice_to, c.version, c.state, c.crash_resumes, "          \
  "CASE c.crash_resumes WHEN 0 THEN 0 ELSE c.alone_deaths END, "                                                       \
  "coalesce((SELECT w.run_id FROM sweep w WHERE w.stream_id = c.stream_id), 0), c.sweeps "

constexpr statement open_continuations{
  "open_continuations", "SELECT " LODE_CONTINUATION_COLUMNS "FROM continuation c WHERE run_id = $1::bigint "
                        "AND phase = 0 AND id > $2::bigint ORDER BY id LIMIT $3::bigint"};

constexpr statement one_continuation{
  "one_continuation", "SELECT " LODE_CONTINUATION_COLUMNS "FROM continuation c WHERE id = $1::bigint AND phase = 0"};

constexpr statement resume_one{
  "resume_continuation", "UPDATE continuation c SET version = c.version + 1048576 FROM run r, shard s "
                         "WHERE c.id = $1::bigint AND c.phase = 0 AND r.id = c.run_id AND s.id = r.shard "
                         "AND s.owner = $2::bigint AND lode_is_active(r.connection_id) "
                         "RETURNING " LODE_CONTINUATION_COLUMNS};

#undef LODE_CONTINUATION_COLUMNS

constexpr statement mark_alone_statement{
  "mark_alone", "UPDATE node SET alone = coalesce((SELECT c.id FROM continuation c JOIN run r ON r.id = c.run_id "
                "JOIN shard s ON s.id = r.shard AND s.owner = $2::bigint WHERE c.id = $1::bigint AND c.phase = 0), 0) "
                "WHERE incarnation = $2::bigint RETURNING alone"};

constexpr statement cursors{"cursors", "SELECT k.stream_id, k.partition, k.known_up_to, k.version FROM stream_cursor k "
                                       "JOIN stream s ON s.id = k.stream_id WHERE s.connection_id = $1::bigint "
                                       "ORDER BY k.stream_id, k.partition"};

constexpr statement anchors_query{
  "load_anchors", "SELECT a.stream_id, a.partition::text, a.position, a.known_until, a.edition, a.source_version, a.run_id "
                  "FROM anchor a JOIN stream s ON s.id = a.stream_id WHERE s.connection_id = $1::bigint "
                  "ORDER BY a.stream_id, a.partition"};

constexpr statement cancel{"cancel_run", "SELECT lode_cancel_run_once($3::text, $1::bigint, $2::text)"};

constexpr statement one_run{"one_run", LODE_RUN_COLUMNS "FROM run r LEFT JOIN continuation c ON c.run_id = r.id "
                                                        "WHERE r.id = $1::bigint GROUP BY r.id"};

constexpr statement runs_of{
  "runs_of", LODE_RUN_COLUMNS "FROM (SELECT * FROM run WHERE connection_id = $1::bigint ORDER BY id DESC "
                              "LIMIT $2::bigint) r LEFT JOIN continuation c ON c.run_id = r.id "
                              "GROUP BY r.id, r.tenant_id, r.connection_id, r.kind, r.phase, r.started, r.ended, "
                              "r.open, r.failed, r.reason ORDER BY r.id DESC"};

continuation_row read_continuation(const query_result& rows, int row) {
  return {{rows.number(row, 0)},
          {rows.number(row, 1)},
          {rows.number(row, 2)},
          rows.string(row, 3),
          {at(rows.number(row, 4)), at(rows.number(row, 5))},
          rows.number(row, 6),
          rows.string(row, 7),
          static_cast<int32_t>(rows.number(row, 8)),
          static_cast<int32_t>(rows.number(row, 9)),
          {rows.number(row, 10)},
          rows.boolean(row, 11)};
}

} // namespace

caf::expected<started_run> postgres_run_store::start_run(const run_start& wanted) {
  auto rows = link_.execute(start_statement(), start_parameters(settings_.self, wanted));
  if (!rows)
    return rows.error();
  started_run out{{rows->number(0, 0)}, {}};
  for (auto id : rows->numbers(0, 1))
    out.opened.push_back({id});
  return out;
}

caf::expected<std::vector<open_run>> postgres_run_store::load_open_runs() {
  return read_all(link_.execute(open_runs, parameters{}.add(settings_.self.value)),
                  [](const query_result& found, int row) {
                    return open_run{{found.number(row, 0)}, {found.number(row, 1)}, {found.number(row, 2)},
                                    {found.number(row, 3)}, static_cast<run_kind>(found.number(row, 4)),
                                    static_cast<int32_t>(found.number(row, 5))};
                  });
}

caf::expected<std::vector<live_connection>> postgres_run_store::load_active(const std::vector<source_id>& sources,
                                                                            const std::vector<shard_id>& shards) {
  std::vector<int64_t> ids, places;
  for (auto source : sources)
    ids.push_back(source.value);
  for (auto shard : shards)
    places.push_back(shard.value);
  return read_all(link_.execute(active_of_sources, parameters{}.add(settings_.self.value).add(ids).add(places)),
                  [](const query_result& found, int row) {
                    return live_connection{{found.number(row, 0)}, {found.number(row, 1)}, {found.number(row, 2)}};
                  });
}

caf::expected<std::vector<continuation_row>> postgres_run_store::load_continuations(run_id run, continuation_id after,
                                                                                    size_t limit) {
  parameters values;
  values.add(run.value).add(after.value).add(static_cast<int64_t>(limit));
  return read_all(link_.execute(open_continuations, values), read_continuation);
}

caf::expected<continuation_row> postgres_run_store::load_continuation(continuation_id id) {
  auto rows = link_.execute(one_continuation, parameters{}.add(id.value));
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
  return read_continuation(*rows, 0);
}

caf::expected<continuation_row> postgres_run_store::resume_continuation(continuation_id id) {
  auto rows = link_.execute(resume_one, parameters{}.add(id.value).add(settings_.self.value));
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open and active on this node");
  return read_continuation(*rows, 0);
}

caf::error postgres_run_store::mark_alone(continuation_id id) {
  auto rows = link_.execute(mark_alone_statement, parameters{}.add(id.value).add(settings_.self.value));
  if (!rows)
    return rows.error();
  if (id && (rows->rows() == 0 || rows->number(0, 0) != id.value))
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open on this node");
  return {};
}

caf::expected<std::vector<partition_cursor>> postgres_run_store::load_cursors(connection_id connection) {
  return read_all(link_.execute(cursors, parameters{}.add(connection.value)),
                  [](const query_result& found, int row) {
                    return partition_cursor{{found.number(row, 0)}, found.string(row, 1), at(found.number(row, 2)),
                                            found.number(row, 3)};
                  });
}

caf::expected<std::vector<partition_anchor>> postgres_run_store::load_anchors(connection_id connection) {
  return read_all(link_.execute(anchors_query, parameters{}.add(connection.value)), [](const query_result& found, int row) {
    return partition_anchor{{found.number(row, 0)},
                            found.string(row, 1),
                            {found.number(row, 2), at(found.number(row, 3)), found.number(row, 4), found.string(row, 5)},
                            {found.number(row, 6)}};
  });
}

caf::error postgres_run_store::cancel_run(run_id run, const std::string& reason, const once_only& once) {
  if (auto error = check_once(once))
    return error;
  return error_of(link_.execute(cancel, parameters{}.add(run.value).add_text(storable_reason(reason)).add_text(once.id)));
}

caf::expected<run_summary> postgres_run_store::load_run(run_id run) {
  auto rows = link_.execute(one_run, parameters{}.add(run.value));
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return store_error(errc::not_found, "there is no run " + to_string(run));
  return read_run(*rows, 0);
}

caf::expected<std::vector<run_summary>> postgres_run_store::list_runs(connection_id connection, size_t limit) {
  parameters values;
  values.add(connection.value).add(static_cast<int64_t>(limit));
  return read_all(link_.execute(runs_of, values), read_run);
}

std::unique_ptr<run_store> make_postgres_run_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_run_store>(settings, role);
}

} // namespace lode
