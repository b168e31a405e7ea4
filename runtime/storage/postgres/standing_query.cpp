#include "runtime/storage/postgres/standing_query.hpp"

#include <charconv>

#include "runtime/storage/store_error.hpp"

/// A page is read through the index of its order as long as enough rows fit; where few do, they are found first and put in order. Both
/// give the same keys, so that a list may go from the one to the other between two pages.
namespace lode {

namespace {

constexpr int64_t paused = static_cast<int64_t>(wait_reason::paused);
constexpr int64_t moving = static_cast<int64_t>(wait_reason::moving);
constexpr int64_t suspended = static_cast<int64_t>(wait_reason::suspended);
// In the order of the worst: ranks 0 to 8 are the reasons from suspended to queued, as far as told; then what is due, then the rest.
constexpr int64_t rank_of_due = 9;
constexpr int64_t rank_of_rest = 10;

/// What is told in standing `s` and still believed.
constexpr const char* is_believed = "(s.held = s.grade OR s.teller = h.owner)";

int64_t number_of(activity state) {
  return static_cast<int64_t>(state);
}

int64_t queued_before(const standing_scope& scope) {
  return scope.now - std::chrono::microseconds{queue_grace}.count();
}

std::string reason_of(built_query& query, const standing_scope& scope) {
  const auto dead = query.bind(std::span<const int64_t>{scope.dead_shards});
  return reason_expression(dead, query.bind(queued_before(scope)));
}

/// All conditions of the filter on what is joined.
std::string conditions(built_query& query, const standing_scope& scope, bool with_reason) {
  const auto& f = scope.filter;
  std::string out;
  if (!f.search.empty())
    out += " AND t.name LIKE " + query.bind(like_within(f.search));
  if (f.state)
    out += " AND greatest(t.state, n.state) = " + query.bind(number_of(*f.state));
  if (scope.source)
    out += " AND n.source_id = " + query.bind(*scope.source);
  if (f.late)
    out += " AND d.due <= " + query.bind(scope.now - std::chrono::microseconds{*f.late}.count());
  if (f.reason && with_reason)
    out += " AND " + reason_of(query, scope) + " = " + query.bind(static_cast<int64_t>(*f.reason));
  return out;
}

std::string is_not_dead(built_query& query, const standing_scope& scope) {
  return scope.dead_shards.empty() ? "" : " AND n.shard <> ALL (" + query.bind(std::span<const int64_t>{scope.dead_shards}) + ")";
}

std::string after_pair(built_query& query, const char* columns, const std::optional<standing_key>& after) {
  return after ? std::string{" AND ("} + columns + ") > (" + query.bind(after->key) + ", " + query.bind(after->id) + ")" : "";
}

std::string limited(built_query& query, const std::string& order, size_t limit) {
  return " ORDER BY " + order + " LIMIT " + query.bind(static_cast<int64_t>(limit));
}

constexpr const char* from_standing = " FROM standing s JOIN connection n ON n.id = s.connection_id AND n.state <> 3 "
                                      "JOIN tenant t ON t.id = n.tenant_id AND t.state <> 3 JOIN shard h ON h.id = n.shard "
                                      "LEFT JOIN due d ON d.connection_id = n.id WHERE ";
constexpr const char* from_due = " FROM due d JOIN connection n ON n.id = d.connection_id AND n.state <> 3 "
                                 "JOIN tenant t ON t.id = n.tenant_id AND t.state <> 3 JOIN shard h ON h.id = n.shard "
                                 "LEFT JOIN standing s ON s.connection_id = n.id WHERE true";
constexpr const char* from_connection = " FROM connection n JOIN tenant t ON t.id = n.tenant_id AND t.state <> 3 "
                                        "JOIN shard h ON h.id = n.shard LEFT JOIN standing s ON s.connection_id = n.id "
                                        "LEFT JOIN due d ON d.connection_id = n.id WHERE n.state <> 3";

std::string selected(int64_t rank, const char* key) {
  return "SELECT t.id, n.id, " + std::to_string(rank) + "::bigint, " + key + ", n.id, ''::text, ''::text";
}

/// Told or held, of this grade.
standing_part graded(const standing_scope& scope, int64_t grade) {
  return {9 - grade, [&scope, grade](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = selected(9 - grade, "s.since") + from_standing + "s.grade = " + std::to_string(grade) + " AND " + is_believed;
            if (grade < paused)
              query.text += is_not_dead(query, scope);
            query.text += conditions(query, scope, false) + after_pair(query, "s.since, s.connection_id", after);
            query.text += limited(query, "s.since, s.connection_id", limit);
            return query;
          }};
}

standing_part without_node(const standing_scope& scope) {
  return {9 - moving, [&scope](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = selected(9 - moving, "n.shard") + from_connection + " AND n.shard = ANY ("
                         + query.bind(std::span<const int64_t>{scope.dead_shards}) + ") AND coalesce(s.held, 0) < " + std::to_string(paused);
            query.text += conditions(query, scope, false) + after_pair(query, "n.shard, n.id", after);
            query.text += limited(query, "n.shard, n.id", limit);
            return query;
          }};
}

/// In the order of due times; `is_fine`: only those that no graver part of the list has.
standing_part due_ones(const standing_scope& scope, int64_t rank, bool is_fine) {
  return {rank, [&scope, rank, is_fine](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = selected(rank, "d.due") + from_due;
            if (is_fine)
              query.text += is_not_dead(query, scope) + " AND NOT coalesce(s.grade > 0 AND " + is_believed + ", false)";
            query.text += conditions(query, scope, true) + after_pair(query, "d.due, d.connection_id", after);
            query.text += limited(query, "d.due, d.connection_id", limit);
            return query;
          }};
}

/// What no other part of the list has, in the order of numbers.
standing_part other_ones(const standing_scope& scope, int64_t rank, const std::string& which, bool is_fine) {
  return {rank, [&scope, rank, which, is_fine](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = selected(rank, "0::bigint") + from_connection + " AND " + which;
            if (is_fine)
              query.text += is_not_dead(query, scope) + " AND NOT coalesce(s.grade > 0 AND " + is_believed + ", false)";
            query.text += conditions(query, scope, true);
            if (after)
              query.text += " AND n.id > " + query.bind(after->id);
            query.text += limited(query, "n.id", limit);
            return query;
          }};
}

std::vector<standing_part> worst_first(const standing_scope& scope) {
  std::vector<standing_part> out;
  const auto wants = [&](int64_t reason) { return !scope.filter.reason || static_cast<int64_t>(*scope.filter.reason) == reason; };
  const bool is_held = scope.filter.state && *scope.filter.state != activity::active; // no lesser reason has such
  for (auto grade = suspended; grade > (is_held ? moving : 0); --grade) {
    if (!wants(grade))
      continue;
    if (grade != moving)
      out.push_back(graded(scope, grade));
    else if (!scope.dead_shards.empty())
      out.push_back(without_node(scope));
  }
  if (!is_held && (wants(0) || wants(1))) {
    out.push_back(due_ones(scope, rank_of_due, true));
    if (wants(0) && !scope.filter.late)
      out.push_back(other_ones(scope, rank_of_rest, "d.connection_id IS NULL", true));
  }
  return out;
}

standing_part quickest_first(const standing_scope& scope) {
  return {0, [&scope](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = selected(0, "-s.rate") + from_standing + "s.rate > 0 AND s.teller = h.owner";
            query.text += conditions(query, scope, true) + after_pair(query, "-s.rate, s.connection_id", after);
            query.text += limited(query, "(-s.rate), s.connection_id", limit);
            return query;
          }};
}

/// Tenants without a connection too, unless the filter asks for what connections have.
std::string of_names(const standing_scope& scope, const std::string& more = {}) {
  const auto& f = scope.filter;
  const bool is_inner = f.reason || f.late || scope.source;
  return std::string{" FROM tenant t "} + (is_inner ? "JOIN" : "LEFT JOIN")
         + " connection n ON n.tenant_id = t.id AND n.state <> 3 LEFT JOIN shard h ON h.id = n.shard "
           "LEFT JOIN standing s ON s.connection_id = n.id LEFT JOIN due d ON d.connection_id = n.id" + more + " WHERE t.state <> 3";
}

standing_part by_name(const standing_scope& scope) {
  return {0, [&scope](const std::optional<standing_key>& after, size_t limit) {
            built_query query;
            query.text = "SELECT t.id, coalesce(n.id, 0), 0::bigint, 0::bigint, 0::bigint, t.name::text, coalesce(n.name, '')::text"
                         + of_names(scope) + conditions(query, scope, true);
            if (after) {
              const auto name = query.bind(after->name);
              query.text += " AND t.name >= " + name + " AND (t.name > " + name + " OR coalesce(n.name, '') > " + query.bind(after->connection_name) + ")";
            }
            query.text += limited(query, "t.name, coalesce(n.name, '')", limit);
            return query;
          }};
}

constexpr char letter_of(standing_sort sort) {
  return "wnlr"[static_cast<size_t>(sort)];
}

/// The key of a row, as three numbers, in this order.
std::string key_columns(const standing_scope& scope) {
  switch (scope.filter.sort) {
    case standing_sort::lateness:
      return "(d.due IS NULL)::int::bigint, coalesce(d.due, 0), n.id";
    case standing_sort::rate:
      return "(NOT coalesce(s.rate > 0 AND s.teller = h.owner, false))::int::bigint, "
             "CASE WHEN s.rate > 0 AND s.teller = h.owner THEN -s.rate ELSE 0 END, n.id";
    case standing_sort::name:
      return "0::bigint, 0::bigint, 0::bigint";
    case standing_sort::worst:
      break;
  }
  const std::string reason = "x.reason";
  const std::string told = "(" + reason + " > 1 OR (" + reason + " = 1 AND s.grade = 1 AND " + is_believed + "))";
  return "(CASE WHEN " + told + " THEN 9 - " + reason + " WHEN d.due IS NOT NULL THEN 9 ELSE 10 END)::bigint, "
         + "CASE WHEN " + reason + " = 7 THEN n.shard WHEN " + told + " THEN s.since ELSE coalesce(d.due, 0) END, n.id";
}

} // namespace

std::string like_within(const std::string& text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\')
      out.push_back('\\');
    out.push_back(c);
  }
  return out + "%";
}

std::string built_query::bind(int64_t value) {
  values.add(value);
  return "$" + std::to_string(values.size()) + "::bigint";
}

std::string built_query::bind(const std::string& value) {
  values.add_text(value);
  return "$" + std::to_string(values.size()) + "::text";
}

std::string built_query::bind(std::span<const int64_t> numbers) {
  values.add(numbers);
  return "$" + std::to_string(values.size()) + "::bigint[]";
}

std::string cursor_of(standing_sort sort, const standing_key& key) {
  const std::string head{letter_of(sort)};
  if (sort == standing_sort::name)
    return head + key.name + "\n" + key.connection_name;
  return head + std::to_string(key.rank) + "." + std::to_string(key.key) + "." + std::to_string(key.id);
}

caf::expected<std::optional<standing_key>> read_cursor_of(standing_sort sort, const std::string& text) {
  if (text.empty())
    return std::optional<standing_key>{};
  standing_key out;
  const auto line = text.find('\n');
  if (text.front() == letter_of(sort) && sort == standing_sort::name && line != text.npos) {
    out.name = text.substr(1, line - 1);
    out.connection_name = text.substr(line + 1);
    return std::optional{out};
  }
  const char* at = text.data() + 1;
  const char* end = text.data() + text.size();
  size_t read = 0;
  for (auto* number : {&out.rank, &out.key, &out.id}) {
    auto [next, wrong] = std::from_chars(at, end, *number);
    read += wrong == std::errc{} && (read == 2 ? next == end : next != end && *next == '.');
    at = next == end ? end : next + 1;
  }
  if (text.front() != letter_of(sort) || sort == standing_sort::name || read != 3)
    return store_error(errc::bad_argument, "after: expected what `next` said of a page in this order");
  return std::optional{out};
}

std::string reason_expression(const std::string& dead_shards, const std::string& queued_before) {
  return "(CASE WHEN n.id IS NULL THEN CASE t.state WHEN 2 THEN 9 WHEN 1 THEN 8 ELSE 0 END WHEN s.held >= 8 THEN s.held WHEN n.shard = ANY ("
         + dead_shards + ") THEN 7 WHEN s.grade > 0 AND (s.held = s.grade OR s.teller = h.owner) THEN s.grade WHEN s.held > 0 THEN s.held "
         + "WHEN s.teller = h.owner THEN 0 WHEN d.due < " + queued_before + " THEN 1 ELSE 0 END)";
}

std::vector<built_query> candidate_queries(const standing_scope& scope, size_t most) {
  const auto& f = scope.filter;
  const auto limit = " LIMIT " + std::to_string(most + 1);
  std::vector<built_query> out;
  const auto graded_as = [](int64_t grade) { return "SELECT tenant_id FROM standing WHERE grade = " + std::to_string(grade); };
  auto add = [&](auto make) {
    built_query query;
    query.text = make(query) + limit;
    out.push_back(std::move(query));
  };
  if (f.state && *f.state != activity::active)
    add([&](built_query&) {
      return graded_as(*f.state == activity::suspended ? suspended : paused) + " UNION SELECT id FROM tenant WHERE state IN (1, 2) AND state = "
             + std::to_string(number_of(*f.state));
    });
  if (f.reason && *f.reason == wait_reason::moving)
    add([&](built_query& q) { return "SELECT tenant_id FROM connection WHERE shard = ANY (" + q.bind(std::span<const int64_t>{scope.dead_shards}) + ")"; });
  else if (f.reason && *f.reason == wait_reason::queued)
    add([&](built_query& q) {
      return "SELECT tenant_id FROM (" + graded_as(1) + " UNION ALL SELECT tenant_id FROM due WHERE due < " + q.bind(queued_before(scope)) + ") q";
    });
  else if (f.reason && *f.reason != wait_reason::none)
    add([&](built_query&) { return graded_as(static_cast<int64_t>(*f.reason)); });
  if (f.late)
    add([&](built_query& q) {
      return "SELECT tenant_id FROM due WHERE due <= " + q.bind(scope.now - std::chrono::microseconds{*f.late}.count());
    });
  if (scope.source)
    add([&](built_query& q) { return "SELECT tenant_id FROM connection WHERE source_id = " + q.bind(*scope.source); });
  if (!f.search.empty())
    add([&](built_query& q) { return "SELECT id FROM tenant WHERE state <> 3 AND name LIKE " + q.bind(like_within(f.search)); });
  if (out.empty())
    add([&](built_query&) { return std::string{"SELECT id FROM tenant WHERE state <> 3"}; });
  return out;
}

built_query rows_of_tenants(const standing_scope& scope, std::span<const int64_t> tenants, const std::optional<standing_key>& after, size_t limit) {
  const bool is_named = scope.filter.sort == standing_sort::name;
  built_query query;
  const auto keys = key_columns(scope);
  query.text = "SELECT * FROM (SELECT t.id AS tenant, coalesce(n.id, 0) AS connection, " + keys
               + ", t.name::text AS name, coalesce(n.name, '')::text AS connection_name, count(*) OVER () AS total" + of_names(scope, " CROSS JOIN LATERAL (SELECT " + reason_of(query, scope) + " AS reason OFFSET 0) x");
  if (!is_named)
    query.text += " AND n.id IS NOT NULL";
  query.text += " AND t.id = ANY (" + query.bind(tenants) + ")" + conditions(query, scope, false)
                + (scope.filter.reason ? " AND x.reason = " + query.bind(static_cast<int64_t>(*scope.filter.reason)) : "") + ") AS hit (tenant, connection, rank, key, id, name, connection_name, total) WHERE true";
  if (after && is_named)
    query.text += " AND (name, connection_name) > (" + query.bind(after->name) + " COLLATE \"C\", " + query.bind(after->connection_name) + " COLLATE \"C\")";
  else if (after)
    query.text += " AND (rank, key, id) > (" + query.bind(after->rank) + ", " + query.bind(after->key) + ", " + query.bind(after->id) + ")";
  query.text += limited(query, is_named ? "name COLLATE \"C\", connection_name COLLATE \"C\"" : "rank, key, id", limit);
  return query;
}

std::vector<standing_part> parts_of_list(const standing_scope& scope) {
  switch (scope.filter.sort) {
    case standing_sort::name:
      return {by_name(scope)};
    case standing_sort::worst:
      return worst_first(scope);
    case standing_sort::lateness: {
      std::vector<standing_part> out{due_ones(scope, 0, false)};
      if (!scope.filter.late)
        out.push_back(other_ones(scope, 1, "d.connection_id IS NULL", false));
      return out;
    }
    case standing_sort::rate:
      break;
  }
  return {quickest_first(scope), other_ones(scope, 1, "NOT coalesce(s.rate > 0 AND s.teller = h.owner, false)", false)};
}

} // namespace lode
