#include "runtime/storage/postgres/postgres_inspection_store.hpp"

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/overview_queries.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

/// As long as so few tenants may fit, all their rows are put in order; then enough of the rest fits for reading in order.
constexpr size_t most_candidates = 3000;
constexpr int64_t most_counted = 10'000; ///< connections

constexpr statement count_all_query{
  "count_all", "SELECT count(*) FROM (SELECT FROM connection WHERE state <> 3 LIMIT $1::bigint) n"};
constexpr statement tenants_query{
  "connections_of_tenant", "SELECT id FROM connection WHERE tenant_id = $1::bigint AND state <> 3 ORDER BY name"};
constexpr statement source_query{"source_by_name", "SELECT id FROM source WHERE name = $1::text"};

using numbers = std::span<const int64_t>;

standing_row read_standing(const query_result& rows, int row) {
  standing_row out{
    {rows.number(row, 0)}, rows.string(row, 1), {rows.number(row, 2)}, rows.string(row, 3), {rows.number(row, 4)}};
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
  return {rows.number(row, 0),
          rows.number(row, 1),
          {rows.number(row, 2), rows.number(row, 3), rows.is_null(row, 4) ? 0 : rows.number(row, 4),
           rows.string(row, 5), rows.string(row, 6)}};
}

} // namespace

caf::expected<standing_page> postgres_inspection_store::list_standings(const standing_filter& filter, size_t limit,
                                                                       instant now) {
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

caf::expected<std::vector<standing_row>> postgres_inspection_store::standings_of(tenant_id tenant, instant now) {
  auto dead = dead_shards();
  if (!dead)
    return dead.error();
  auto hits =
    read_all(link_.execute(tenants_query, parameters{}.add(tenant.value)), [&](const query_result& rows, int row) {
      return standing_hit{tenant.value, rows.number(row, 0), {}};
    });
  return hits ? standings(*hits, *dead, now) : hits.error();
}

caf::expected<std::optional<std::vector<int64_t>>> postgres_inspection_store::candidates(const standing_scope& scope) {
  for (const auto& query : candidate_queries(scope, most_candidates)) {
    auto found = read_all(ask(query), [](const query_result& rows, int row) { return rows.number(row, 0); });
    if (!found)
      return found.error();
    if (found->size() <= most_candidates)
      return std::optional{std::move(*found)};
  }
  return std::optional<std::vector<int64_t>>{};
}

caf::expected<std::vector<standing_hit>> postgres_inspection_store::rows_of(const standing_scope& scope,
                                                                            const std::vector<int64_t>& tenants,
                                                                            const std::optional<standing_key>& after,
                                                                            size_t limit,
                                                                            std::optional<int64_t>& total) {
  auto rows = ask(rows_of_tenants(scope, tenants, after, limit));
  if (rows && (rows->rows() > 0 || !after))
    total = rows->rows() > 0 ? rows->number(0, 7) : 0;
  return read_all(rows, read_hit);
}

caf::expected<std::vector<standing_hit>>
postgres_inspection_store::rows_in_order(const standing_scope& scope, const std::optional<standing_key>& after,
                                         size_t limit) {
  std::vector<standing_hit> out;
  for (const auto& part : parts_of_list(scope)) {
    if (out.size() >= limit)
      break;
    if (after && part.rank < after->rank)
      continue;
    auto more = read_all(
      ask(part.rows(after && after->rank == part.rank ? after : std::nullopt, limit - out.size()), true), read_hit);
    if (!more)
      return more.error();
    out.insert(out.end(), more->begin(), more->end());
  }
  return out;
}

caf::error postgres_inspection_store::count_all(const standing_filter& filter, std::optional<int64_t>& total) {
  if (filter.state || filter.reason || filter.late || !filter.search.empty() || !filter.source.empty())
    return {};
  auto counted = link_.execute(count_all_query, parameters{}.add(most_counted + 1));
  if (!counted)
    return counted.error();
  if (counted->number(0, 0) <= most_counted)
    total = counted->number(0, 0);
  return {};
}

caf::expected<std::vector<standing_row>> postgres_inspection_store::standings(const std::vector<standing_hit>& hits,
                                                                              const std::vector<int64_t>& dead,
                                                                              instant now) {
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

} // namespace lode
