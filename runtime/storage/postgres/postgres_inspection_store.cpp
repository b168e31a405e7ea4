#include "runtime/storage/postgres/postgres_inspection_store.hpp"

#include <algorithm>

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/overview_queries.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/postgres/run_rows.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement tenants_within_query{"tenants_within", "SELECT id FROM tenant WHERE state <> 3 AND name LIKE $1::text LIMIT $2::bigint"};

#define LODE_LETTER_COLUMNS                                                                                                            \
  "SELECT d.id, d.connection_id, d.stream_id, d.run_id, (extract(epoch FROM d.created) * 1000000)::bigint, "                           \
  "(extract(epoch FROM coalesce(d.last_seen, d.created)) * 1000000)::bigint, d.times, d.key::text, d.payload, d.reason, "              \
  "t.id, t.name::text, n.name::text, s.name::text FROM dead_letter d JOIN connection n ON n.id = d.connection_id "                     \
  "JOIN tenant t ON t.id = n.tenant_id AND t.state <> 3 JOIN stream s ON s.id = d.stream_id "
constexpr statement letters_query{"letters_after", LODE_LETTER_COLUMNS "WHERE d.id > $1::bigint AND n.state <> 3 ORDER BY d.id LIMIT $2::bigint"};
constexpr statement letter_query{"letter", LODE_LETTER_COLUMNS "WHERE d.id = $1::bigint AND n.state <> 3"};
#undef LODE_LETTER_COLUMNS

/// Shards go in portions: those of ten seconds are one move.
constexpr statement moves_query{
  "shard_moves", "SELECT (extract(epoch FROM max(moved)) * 1000000)::bigint, from_name, to_name, sum(shards)::bigint, because FROM shard_move "
                 "GROUP BY floor(extract(epoch FROM moved) / 10), from_name, to_name, because ORDER BY max(id) DESC LIMIT 50"};

constexpr statement call_errors_query{
  "call_errors", "SELECT connection_id, stream_id, run_id, partition, at_us, status, attempt, words, request, response FROM call_error "
                 "WHERE connection_id = $1::bigint ORDER BY id DESC LIMIT $2::bigint"};

constexpr statement add_audit_statement{
  "add_audit", "INSERT INTO audit (node, who, method, path, tenant, connection, status) "
               "VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint) RETURNING id"};
constexpr statement settle_audit_statement{"settle_audit", "UPDATE audit SET status = $2::bigint WHERE id = $1::bigint AND status = 0"};

#define LODE_AUDIT_COLUMNS "SELECT id, (extract(epoch FROM at) * 1000000)::bigint, node, who, method, path, tenant::text, connection, status FROM audit "
constexpr statement audit_query{"list_audit", LODE_AUDIT_COLUMNS "WHERE ($1::bigint = 0 OR id < $1::bigint) ORDER BY id DESC LIMIT $2::bigint"};
constexpr statement tenant_audit_query{
  "list_tenant_audit", LODE_AUDIT_COLUMNS "WHERE ($1::bigint = 0 OR id < $1::bigint) AND tenant = $3::text ORDER BY id DESC LIMIT $2::bigint"};
#undef LODE_AUDIT_COLUMNS

/// Of the chosen streams. Counters are those of the latest hundred runs; records are counted up to ten thousand, then estimated from what
/// runs have inserted.
constexpr statement progress_query{
  "stream_progress",
  "WITH mine AS MATERIALIZED (SELECT id, name, shard FROM stream WHERE connection_id = $1::bigint AND chosen), "
  "latest AS MATERIALIZED (SELECT id, phase FROM run WHERE connection_id = $1::bigint ORDER BY id DESC LIMIT 100), "
  "work AS MATERIALIZED (SELECT c.stream_id, r.phase = 0 AND c.phase = 0 AS is_open, r.phase = 0 AS is_under_way, c.phase, c.partition, "
  "c.records, c.inserted, c.inserted + c.updated AS changed FROM latest r JOIN continuation c ON c.run_id = r.id AND NOT c.sweeps) "
  "SELECT m.id, m.name::text, "
  "(SELECT count(*) FROM (SELECT partition FROM stream_cursor WHERE stream_id = m.id UNION SELECT partition FROM work w WHERE w.stream_id = m.id) p), "
  "(SELECT count(DISTINCT partition) FROM work w WHERE w.stream_id = m.id AND w.is_open), "
  "(SELECT min(known_up_to) FROM stream_cursor WHERE stream_id = m.id), "
  "(SELECT count(*) FROM (SELECT FROM record WHERE shard = m.shard AND stream_id = m.id AND NOT deleted LIMIT 10001) k), "
  "coalesce((SELECT sum(records) FROM work w WHERE w.stream_id = m.id), 0)::bigint, "
  "coalesce((SELECT sum(changed) FROM work w WHERE w.stream_id = m.id), 0)::bigint, "
  "coalesce((SELECT sum(inserted) FROM work w WHERE w.stream_id = m.id), 0)::bigint, "
  "(SELECT count(*) FROM work w WHERE w.stream_id = m.id AND w.phase IN (2, 3)), "
  "(SELECT count(*) FROM work w WHERE w.stream_id = m.id AND w.is_under_way), "
  "(SELECT count(*) FROM work w WHERE w.stream_id = m.id AND w.is_under_way AND NOT w.is_open) FROM mine m ORDER BY m.name"};

/// A list in the order of an index is read along it ($1: off), whatever is guessed of how many of its rows fit.
constexpr statement tune_statement{
  "tune", "SELECT set_config('plan_cache_mode', 'force_custom_plan', false), set_config('max_parallel_workers_per_gather', '0', false), "
          "set_config('enable_hashjoin', $1::text, false), set_config('enable_sort', $1::text, false)"};

using numbers = std::span<const int64_t>;

constexpr int64_t most_counted = 10'000; ///< records of a stream

listed_letter read_letter(const query_result& rows, int row) {
  return {{rows.number(row, 0), {rows.number(row, 1)}, {rows.number(row, 2)}, {rows.number(row, 3)}, at(rows.number(row, 4)),
           at(rows.number(row, 5)), rows.number(row, 6), rows.string(row, 7), rows.string(row, 8), rows.string(row, 9)},
          {rows.number(row, 10)}, rows.string(row, 11), rows.string(row, 12), rows.string(row, 13)};
}

audit_entry read_audit(const query_result& rows, int row) {
  return {rows.number(row, 0), at(rows.number(row, 1)), rows.string(row, 2), rows.string(row, 3), rows.string(row, 4), rows.string(row, 5),
          rows.string(row, 6), rows.string(row, 7), static_cast<int>(rows.number(row, 8))};
}

stream_progress read_progress(const query_result& rows, int row) {
  stream_progress out{{rows.number(row, 0)}, rows.string(row, 1), rows.number(row, 2), rows.number(row, 3), maybe_at(rows, row, 4)};
  const auto counted = rows.number(row, 5);
  out.records = counted > most_counted ? std::max(counted, rows.number(row, 8)) : counted;
  out.read = rows.number(row, 6);
  out.changed = rows.number(row, 7);
  out.owed = rows.number(row, 9);
  if (const auto begun = rows.number(row, 10); begun > 0)
    out.done_share = static_cast<double>(rows.number(row, 11)) / static_cast<double>(begun);
  return out;
}

} // namespace

caf::expected<query_result> postgres_inspection_store::ask(const built_query& query, bool is_in_order) {
  auto [found, is_new] = names_.try_emplace(query.text, "");
  if (is_new)
    found->second = "inspect_" + std::to_string(names_.size());
  if (!link_.is_connected() || tuned_ != std::pair{link_.backend(), is_in_order}) {
    if (auto tuned = link_.execute(tune_statement, parameters{}.add_text(is_in_order ? "off" : "on")); !tuned)
      return tuned;
    tuned_ = {link_.backend(), is_in_order};
  }
  return link_.execute({found->second.c_str(), found->first.c_str()}, query.values);
}

caf::expected<std::vector<int64_t>> postgres_inspection_store::dead_shards() {
  return read_all(link_.execute(dead_shards_query), [](const query_result& rows, int row) { return rows.number(row, 0); });
}

caf::expected<std::vector<listed_letter>> postgres_inspection_store::list_dead_letters(int64_t after, size_t limit) {
  return read_all(link_.execute(letters_query, parameters{}.add(after).add(static_cast<int64_t>(limit))), read_letter);
}

caf::expected<listed_letter> postgres_inspection_store::load_dead_letter(int64_t id) {
  return read_one(link_.execute(letter_query, parameters{}.add(id)), read_letter, "there is no dead letter " + std::to_string(id));
}

caf::expected<std::vector<shard_move>> postgres_inspection_store::list_moves() {
  return read_all(link_.execute(moves_query), [](const query_result& rows, int row) {
    return shard_move{at(rows.number(row, 0)), rows.string(row, 1), rows.string(row, 2), rows.number(row, 3), rows.string(row, 4)};
  });
}

caf::expected<std::vector<call_error>> postgres_inspection_store::list_call_errors(connection_id connection, size_t limit) {
  return read_all(link_.execute(call_errors_query, parameters{}.add(connection.value).add(static_cast<int64_t>(limit))),
                  [](const query_result& rows, int row) {
                    return call_error{{rows.number(row, 0)}, {rows.number(row, 1)}, {rows.number(row, 2)}, rows.string(row, 3),
                                      at(rows.number(row, 4)), static_cast<int>(rows.number(row, 5)), rows.number(row, 6),
                                      rows.string(row, 7), rows.string(row, 8), rows.string(row, 9)};
                  });
}

caf::expected<std::vector<stream_progress>> postgres_inspection_store::list_progress(connection_id connection) {
  return read_all(link_.execute(progress_query, parameters{}.add(connection.value)), read_progress);
}

caf::expected<std::vector<std::string>> postgres_inspection_store::unconfirmed_deletes(connection_id connection) {
  return read_all(link_.execute(held_deletes_of_query, parameters{}.add(connection.value)),
                  [](const query_result& rows, int row) { return rows.string(row, 0); });
}

caf::expected<std::vector<listed_run>> postgres_inspection_store::list_runs(const run_filter& filter, size_t limit) {
  constexpr int64_t most_tenants = 200;
  built_query query;
  std::string where = " WHERE true";
  if (filter.phase)
    where += " AND r.phase = " + std::to_string(static_cast<int>(*filter.phase));
  if (filter.kind)
    where += " AND r.kind = " + std::to_string(static_cast<int>(*filter.kind));
  if (filter.after > 0)
    where += " AND r.id < " + query.bind(filter.after);
  const auto last = " ORDER BY r.id DESC LIMIT " + query.bind(static_cast<int64_t>(limit));
  std::string from = "(SELECT r.* FROM run r" + where + last + ")";
  if (!filter.tenant.empty()) {
    const auto pattern = like_within(filter.tenant);
    auto few = read_all(link_.execute(tenants_within_query, parameters{}.add_text(pattern).add(most_tenants + 1)),
                        [](const query_result& rows, int row) { return rows.number(row, 0); });
    if (!few)
      return few.error();
    if (static_cast<int64_t>(few->size()) <= most_tenants)
      from = "(SELECT r.* FROM connection n CROSS JOIN LATERAL (SELECT r.* FROM run r" + where + " AND r.connection_id = n.id" + last
             + ") r WHERE n.tenant_id = ANY (" + query.bind(numbers{*few}) + ")" + last + ")";
    else
      from = "(SELECT r.* FROM run r JOIN tenant w ON w.id = r.tenant_id" + where + " AND w.name LIKE " + query.bind(pattern) + last + ")";
  }
  query.text = LODE_RUN_COLUMNS ", t.name::text, n.name::text, n.state, n.reason FROM " + from
               + " r JOIN tenant t ON t.id = r.tenant_id JOIN connection n ON n.id = r.connection_id LEFT JOIN continuation c ON c.run_id = r.id "
                 "GROUP BY r.id, r.tenant_id, r.connection_id, r.kind, r.phase, r.started, r.ended, r.open, r.failed, r.reason, t.name, n.name, n.state, n.reason "
                 "ORDER BY r.id DESC";
  return read_all(ask(query), [](const query_result& rows, int row) {
    return listed_run{read_run(rows, row), rows.string(row, run_columns), rows.string(row, run_columns + 1),
                      static_cast<activity>(rows.number(row, run_columns + 2)), rows.string(row, run_columns + 3)};
  });
}

caf::expected<int64_t> postgres_inspection_store::add_audit(const audit_entry& entry) {
  constexpr size_t limit = 2000;
  parameters values;
  for (const auto* text : {&entry.node, &entry.who, &entry.method, &entry.path, &entry.tenant, &entry.connection})
    values.add_text(storable_text(*text, limit));
  auto rows = link_.execute(add_audit_statement, values.add(int64_t{entry.status}));
  if (!rows)
    return rows.error();
  return rows->number(0, 0);
}

caf::error postgres_inspection_store::settle_audit(int64_t id, int status) {
  return error_of(link_.execute(settle_audit_statement, parameters{}.add(id).add(int64_t{status})));
}

caf::expected<std::vector<audit_entry>> postgres_inspection_store::list_audit(const std::string& tenant, int64_t after, size_t limit) {
  auto values = parameters{}.add(after).add(static_cast<int64_t>(limit));
  return read_all(tenant.empty() ? link_.execute(audit_query, values) : link_.execute(tenant_audit_query, values.add_text(tenant)), read_audit);
}

std::unique_ptr<inspection_store> make_postgres_inspection_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_inspection_store>(settings, role);
}

} // namespace lode
