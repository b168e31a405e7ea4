#include "runtime/storage/postgres/postgres_inspection_store.hpp"

#include <algorithm>
#include <unordered_map>

#include "runtime/storage/postgres/overview_queries.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/postgres/run_rows.hpp"
#include "runtime/storage/postgres/standing_query.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

/// As long as so few tenants may fit, all their rows are put in order; then enough of the rest fits for reading in order.
constexpr size_t most_candidates = 3000;
constexpr int64_t most_counted = 10'000;

constexpr statement count_all_query{
  "count_all", "SELECT count(*) FROM (SELECT FROM connection WHERE state <> 3 LIMIT $1::bigint) n"};
constexpr statement tenants_query{"connections_of_tenant",
                                  "SELECT id FROM connection WHERE tenant_id = $1::bigint AND state <> 3 ORDER BY name"};
constexpr statement sources_query{"source_names", "SELECT id, name::text FROM source"};
constexpr statement source_query{"source_by_name", "SELECT id FROM source WHERE name = $1::text"};
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
constexpr statement reset_statement{"reset", "SELECT lode_reset($1::text, $2::bigint, $3::bigint[], $4::text)"};
constexpr statement request_backfill_statement{
  "request_backfill", "SELECT out_answer, out_run FROM lode_request_backfill($1::text, $2::bigint, $3::bigint, $4::bigint, $5::bigint[], $6::bigint)"};
constexpr statement backfill_query{
  "load_backfill", "SELECT from_us, to_us, streams FROM requested_run WHERE connection_id = $1::bigint AND kind = 2 AND from_us IS NOT NULL"};
constexpr statement add_audit_statement{
  "add_audit", "INSERT INTO audit (node, who, method, path, tenant, connection, status) "
               "VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint)"};
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

instant at(int64_t micros) {
  return instant{std::chrono::microseconds{micros}};
}
std::optional<instant> maybe_at(const query_result& rows, int row, int column) {
  return rows.is_null(row, column) ? std::nullopt : std::optional{at(rows.number(row, column))};
}
int64_t micros(instant time) {
  return time.time_since_epoch().count();
}

standing_row read_standing(const query_result& rows, int row) {
  standing_row out{{rows.number(row, 0)}, rows.string(row, 1), {rows.number(row, 2)}, rows.string(row, 3), {rows.number(row, 4)}};
  out.connection_name = rows.string(row, 5);
  out.source = rows.string(row, 6);
  out.state = static_cast<activity>(rows.number(row, 7));
  out.is_held_by_tenant = rows.boolean(row, 8);
  out.reason = static_cast<wait_reason>(rows.number(row, 9));
  out.since = maybe_at(rows, row, 10);
  out.until = maybe_at(rows, row, 11);
  out.detail = rows.string(row, 12);
  out.due = maybe_at(rows, row, 13);
  out.last_commit = maybe_at(rows, row, 14);
  out.records_per_second = rows.is_null(row, 15) ? 0 : static_cast<double>(rows.number(row, 15)) / 1000;
  return out;
}

standing_hit read_hit(const query_result& rows, int row) {
  return {rows.number(row, 0), rows.number(row, 1),
          {rows.number(row, 2), rows.number(row, 3), rows.is_null(row, 4) ? 0 : rows.number(row, 4), rows.string(row, 5), rows.string(row, 6)}};
}

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

class postgres_inspection_store final : public inspection_store {
public:
  postgres_inspection_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<standing_page> list_standings(const standing_filter& filter, size_t limit, instant now) override {
    auto after = read_cursor_of(filter.sort, filter.after);
    if (!after)
      return after.error();
    auto dead = dead_shards();
    if (!dead)
      return dead.error();
    standing_scope scope{filter, {}, *dead, micros(now)};
    if (!filter.source.empty()) {
      auto source = link_.execute(source_query, parameters{}.add_text(filter.source));
      if (!source)
        return source.error();
      if (source->rows() == 0)
        return standing_page{{}, {}, 0};
      scope.source = source->number(0, 0);
    }
    auto few = candidates(scope);
    if (!few)
      return few.error();
    standing_page out;
    auto hits = *few ? rows_of(scope, **few, *after, limit + 1, out.total) : rows_in_order(scope, *after, limit + 1);
    if (!hits)
      return hits.error();
    if (!*few)
      if (auto failed = count_all(filter, out.total))
        return failed;
    if (hits->size() > limit) {
      hits->resize(limit);
      out.next = cursor_of(filter.sort, hits->back().key);
    }
    auto rows = standings(*hits, *dead, now);
    if (!rows)
      return rows.error();
    out.rows = std::move(*rows);
    return out;
  }

  caf::expected<std::vector<standing_row>> standings_of(tenant_id tenant, instant now) override {
    auto dead = dead_shards();
    if (!dead)
      return dead.error();
    auto hits = read_all(link_.execute(tenants_query, parameters{}.add(tenant.value)),
                         [&](const query_result& rows, int row) { return standing_hit{tenant.value, rows.number(row, 0), {}}; });
    return hits ? standings(*hits, *dead, now) : hits.error();
  }

  caf::expected<store_overview> overview(instant now) override;
  caf::expected<std::vector<listed_run>> list_runs(const run_filter& filter, size_t limit) override;

  caf::expected<std::vector<listed_letter>> list_dead_letters(int64_t after, size_t limit) override {
    return read_all(link_.execute(letters_query, parameters{}.add(after).add(static_cast<int64_t>(limit))), read_letter);
  }
  caf::expected<listed_letter> load_dead_letter(int64_t id) override {
    return read_one(link_.execute(letter_query, parameters{}.add(id)), read_letter, "there is no dead letter " + std::to_string(id));
  }
  caf::expected<std::vector<shard_move>> list_moves() override {
    return read_all(link_.execute(moves_query), [](const query_result& rows, int row) {
      return shard_move{at(rows.number(row, 0)), rows.string(row, 1), rows.string(row, 2), rows.number(row, 3), rows.string(row, 4)};
    });
  }
  caf::expected<std::vector<call_error>> list_call_errors(connection_id connection, size_t limit) override {
    return read_all(link_.execute(call_errors_query, parameters{}.add(connection.value).add(static_cast<int64_t>(limit))),
                    [](const query_result& rows, int row) {
                      return call_error{{rows.number(row, 0)}, {rows.number(row, 1)}, {rows.number(row, 2)}, rows.string(row, 3),
                                        at(rows.number(row, 4)), static_cast<int>(rows.number(row, 5)), rows.number(row, 6),
                                        rows.string(row, 7), rows.string(row, 8), rows.string(row, 9)};
                    });
  }
  caf::expected<std::vector<stream_progress>> list_progress(connection_id connection) override {
    return read_all(link_.execute(progress_query, parameters{}.add(connection.value)), read_progress);
  }
  caf::expected<std::vector<std::string>> unconfirmed_deletes(connection_id connection) override {
    return read_all(link_.execute(held_deletes_of_query, parameters{}.add(connection.value)),
                    [](const query_result& rows, int row) { return rows.string(row, 0); });
  }

  caf::expected<std::vector<run_id>> reset(connection_id connection, const std::vector<stream_id>& streams, const std::string& reason,
                                           const once_only& once) override {
    if (auto wrong = check_once(once))
      return wrong;
    std::vector<int64_t> ids;
    for (auto stream : streams)
      ids.push_back(stream.value);
    std::sort(ids.begin(), ids.end());
    parameters values;
    values.add_text(once.id).add(connection.value).add(numbers{ids}).add_text(storable_reason(reason));
    auto rows = link_.execute(reset_statement, values);
    if (!rows)
      return rows.error();
    std::vector<run_id> out;
    for (auto run : rows->numbers(0, 0))
      out.push_back({run});
    return out;
  }

  caf::expected<requested_run> request_backfill(connection_id connection, const backfill_order& order, instant now, const once_only& once) override {
    if (auto wrong = check_once(once))
      return wrong;
    if (order.span.from >= order.span.to)
      return store_error(errc::bad_argument, "a backfill reads from a moment to a later one");
    std::vector<int64_t> streams;
    for (auto stream : order.streams)
      streams.push_back(stream.value);
    std::sort(streams.begin(), streams.end());
    parameters values;
    values.add_text(once.id).add(connection.value).add(micros(order.span.from)).add(micros(order.span.to)).add(numbers{streams}).add(micros(now));
    return read_one(link_.execute(request_backfill_statement, values), [](const query_result& rows, int row) {
      requested_run out{static_cast<request_answer>(rows.number(row, 0)), {}};
      if (!rows.is_null(row, 1))
        out.open = {rows.number(row, 1)};
      return out;
    }, "no answer");
  }
  caf::expected<std::optional<backfill_order>> load_backfill(connection_id connection) override {
    auto rows = link_.execute(backfill_query, parameters{}.add(connection.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return std::optional<backfill_order>{};
    backfill_order out{{at(rows->number(0, 0)), at(rows->number(0, 1))}};
    for (auto stream : rows->numbers(0, 2))
      out.streams.push_back({stream});
    return std::optional{std::move(out)};
  }

  caf::error add_audit(const audit_entry& entry) override {
    constexpr size_t limit = 2000;
    parameters values;
    for (const auto* text : {&entry.node, &entry.who, &entry.method, &entry.path, &entry.tenant, &entry.connection})
      values.add_text(storable_text(*text, limit));
    return error_of(link_.execute(add_audit_statement, values.add(int64_t{entry.status})));
  }

  caf::expected<std::vector<audit_entry>> list_audit(const std::string& tenant, int64_t after, size_t limit) override {
    auto values = parameters{}.add(after).add(static_cast<int64_t>(limit));
    return read_all(tenant.empty() ? link_.execute(audit_query, values) : link_.execute(tenant_audit_query, values.add_text(tenant)), read_audit);
  }

private:
  /// One whose plan is made for its values: those of a filter differ in what fits them by orders of magnitude.
  caf::expected<query_result> ask(const built_query& query, bool is_in_order = false) {
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

  caf::expected<std::vector<int64_t>> dead_shards() {
    return read_all(link_.execute(dead_shards_query), [](const query_result& rows, int row) { return rows.number(row, 0); });
  }

  /// Absent: many may fit.
  caf::expected<std::optional<std::vector<int64_t>>> candidates(const standing_scope& scope) {
    for (const auto& query : candidate_queries(scope, most_candidates)) {
      auto found = read_all(ask(query), [](const query_result& rows, int row) { return rows.number(row, 0); });
      if (!found)
        return found.error();
      if (found->size() <= most_candidates)
        return std::optional{std::move(*found)};
    }
    return std::optional<std::vector<int64_t>>{};
  }

  caf::expected<std::vector<standing_hit>> rows_of(const standing_scope& scope, const std::vector<int64_t>& tenants,
                                                   const std::optional<standing_key>& after, size_t limit, std::optional<int64_t>& total) {
    auto rows = ask(rows_of_tenants(scope, tenants, after, limit));
    if (rows && (rows->rows() > 0 || !after))
      total = rows->rows() > 0 ? rows->number(0, 7) : 0;
    return read_all(rows, read_hit);
  }

  caf::expected<std::vector<standing_hit>> rows_in_order(const standing_scope& scope, const std::optional<standing_key>& after, size_t limit) {
    std::vector<standing_hit> out;
    for (const auto& part : parts_of_list(scope)) {
      if (out.size() >= limit)
        break;
      if (after && part.rank < after->rank)
        continue;
      auto more = read_all(ask(part.rows(after && after->rank == part.rank ? after : std::nullopt, limit - out.size()), true), read_hit);
      if (!more)
        return more.error();
      out.insert(out.end(), more->begin(), more->end());
    }
    return out;
  }

  caf::error count_all(const standing_filter& filter, std::optional<int64_t>& total) {
    if (filter.state || filter.reason || filter.late || !filter.search.empty() || !filter.source.empty())
      return {};
    auto counted = link_.execute(count_all_query, parameters{}.add(most_counted + 1));
    if (!counted)
      return counted.error();
    if (counted->number(0, 0) <= most_counted)
      total = counted->number(0, 0);
    return {};
  }

  caf::expected<std::vector<standing_row>> standings(const std::vector<standing_hit>& hits, const std::vector<int64_t>& dead, instant now) {
    static const std::string text = standing_rows_text(reason_expression("$3::bigint[]", "$4::bigint"));
    std::vector<int64_t> tenants, connections;
    for (const auto& hit : hits) {
      tenants.push_back(hit.tenant);
      connections.push_back(hit.connection);
    }
    parameters values;
    values.add(numbers{tenants}).add(numbers{connections}).add(numbers{dead}).add(micros(now - queue_grace));
    return read_all(link_.execute({"standing_rows", text.c_str()}, values), read_standing);
  }

  caf::error add_groups(const caf::expected<query_result>& rows, bool is_due, const std::vector<int64_t>& dead, instant now,
                        std::unordered_map<int64_t, std::string>& sources, store_overview& into);

  postgres_connection link_;
  std::unordered_map<std::string, std::string> names_; ///< of built statements, by their text
  std::pair<int64_t, bool> tuned_{0, false};           ///< the session whose plans are made for their values, and how
};

/// Counts what waits; a group for each that is a problem, with examples. `is_due`: of those that nobody tells of.
caf::error postgres_inspection_store::add_groups(const caf::expected<query_result>& rows, bool is_due, const std::vector<int64_t>& dead, instant now,
                                                 std::unordered_map<int64_t, std::string>& sources, store_overview& into) {
  constexpr size_t most_groups = 50, most_examples = 5;
  if (!rows)
    return rows.error();
  for (int row = 0; row < rows->rows(); ++row) {
    const auto reason = static_cast<wait_reason>(rows->number(row, 0));
    const auto& source = sources[rows->number(row, 1)];
    into.waiting[reason] += rows->number(row, 2);
    auto group = std::find_if(into.groups.begin(), into.groups.end(), [&](const auto& each) { return each.reason == reason && each.source == source; });
    if (reason == wait_reason::paused || (group == into.groups.end() && into.groups.size() == most_groups))
      continue;
    if (group == into.groups.end())
      group = into.groups.insert(group, problem_group{reason, source, 0, at(rows->number(row, 3)), {}});
    group->connections += rows->number(row, 2);
    group->since = std::min(group->since, at(rows->number(row, 3)));
    const auto& examples = is_due ? queued_examples_query : reason == wait_reason::moving ? moving_examples_query : examples_query;
    auto hits = read_all(link_.execute(examples, parameters{}.add(numbers{dead}).add(rows->number(row, 0)).add(rows->number(row, 1))),
                         [](const query_result& found, int at) { return standing_hit{found.number(at, 0), found.number(at, 1), {}}; });
    if (!hits)
      return hits.error();
    auto shown = standings(*hits, dead, now);
    if (!shown)
      return shown.error();
    for (auto& example : *shown)
      if (example.reason == reason && group->examples.size() < most_examples)
        group->examples.push_back(std::move(example));
  }
  return {};
}

caf::expected<store_overview> postgres_inspection_store::overview(instant now) {
  store_overview out;
  auto dead = dead_shards();
  if (!dead)
    return dead.error();
  out.shards_without_node = static_cast<int64_t>(dead->size());
  std::unordered_map<int64_t, std::string> sources;
  auto names = link_.execute(sources_query);
  if (!names)
    return names.error();
  for (int row = 0; row < names->rows(); ++row)
    sources[names->number(row, 0)] = names->string(row, 1);
  auto tenants = link_.execute(tenant_counts_query);
  if (!tenants)
    return tenants.error();
  for (int row = 0; row < tenants->rows(); ++row)
    out.tenants.at(static_cast<size_t>(tenants->number(row, 0))) = tenants->number(row, 1);
  for (bool is_queued : {false, true}) {
    auto values = parameters{}.add(numbers{*dead});
    auto rows = is_queued ? link_.execute(queued_groups_query, values.add(micros(now - queue_grace))) : link_.execute(standing_groups_query, values);
    if (auto failed = add_groups(rows, is_queued, *dead, now, sources, out))
      return failed;
  }
  auto late = link_.execute(lateness_query, parameters{}.add(micros(now)));
  if (!late)
    return late.error();
  out.lateness = std::chrono::microseconds{late->number(0, 0)};
  out.open_continuations = late->number(0, 1);
  auto held = read_all(link_.execute(held_deletes_query), [](const query_result& rows, int row) {
    return held_deletes{rows.string(row, 0), rows.string(row, 1), rows.string(row, 2), rows.string(row, 3), at(rows.number(row, 4)), rows.string(row, 5)};
  });
  if (!held)
    return held.error();
  out.deletes = std::move(*held);
  auto letters = link_.execute(recent_letters_query);
  if (!letters)
    return letters.error();
  for (int row = 0; row < letters->rows(); ++row)
    out.dead_letters.push_back({wait_reason::none, sources[letters->number(row, 0)], letters->number(row, 1), at(letters->number(row, 2)), {}});
  return out;
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
  query.text = LODE_RUN_COLUMNS ", t.name::text, n.name::text FROM " + from
               + " r JOIN tenant t ON t.id = r.tenant_id JOIN connection n ON n.id = r.connection_id LEFT JOIN continuation c ON c.run_id = r.id "
                 "GROUP BY r.id, r.tenant_id, r.connection_id, r.kind, r.phase, r.started, r.ended, r.open, r.failed, r.reason, t.name, n.name "
                 "ORDER BY r.id DESC";
  return read_all(ask(query), [](const query_result& rows, int row) {
    return listed_run{read_run(rows, row), rows.string(row, run_columns), rows.string(row, run_columns + 1)};
  });
}

} // namespace

std::unique_ptr<inspection_store> make_postgres_inspection_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_inspection_store>(settings, role);
}

} // namespace lode
