#pragma once

#include "messages/gaps.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// What read_gap() takes, of the view live_gap.
#define LODE_GAP_COLUMNS "id, connection_id, from_us, until_us, reason, repair_run, state, failures, is_first"
#define LODE_GAP_COLUMNS_OF(g)                                                                                         \
  g ".id, " g ".connection_id, " g ".from_us, " g ".until_us, " g ".reason, " g ".repair_run, " g ".state, " g         \
    ".failures, " g ".is_first"

inline gap_row read_gap(const query_result& rows, int row) {
  auto at = [&](int column) { return instant{std::chrono::microseconds{rows.number(row, column)}}; };
  gap_row out;
  out.id = rows.number(row, 0);
  out.connection = {rows.number(row, 1)};
  out.from = at(2);
  if (!rows.is_null(row, 3))
    out.until = at(3);
  out.reason = rows.string(row, 4);
  out.repair = {rows.number(row, 5)};
  out.state = static_cast<gap_state>(rows.number(row, 6));
  out.failures = static_cast<int32_t>(rows.number(row, 7));
  out.is_first = rows.boolean(row, 8);
  return out;
}

/// What read_counts() takes; of the shards of one life, or of all (0).
inline constexpr statement count_live_query{
  "count_live",
  "WITH mine AS MATERIALIZED (SELECT id FROM shard WHERE owner = $1::bigint OR $1::bigint = 0), "
  "heard AS (SELECT count(*) FILTER (WHERE l.state = 0) AS listening, count(*) FILTER (WHERE l.state <> 0) AS silent "
  "FROM listener l JOIN mine ON mine.id = l.shard), "
  "owed AS (SELECT count(*) AS gaps, min(g.from_us) FILTER (WHERE NOT g.is_first) AS oldest "
  "FROM gap g JOIN mine ON mine.id = g.shard WHERE g.repair_run = 0), "
  "repairing AS (SELECT count(*) AS gaps, min(g.from_us) FILTER (WHERE NOT g.is_first) AS oldest "
  "FROM run r JOIN mine ON mine.id = r.shard JOIN gap g ON g.repair_run = r.id AND g.repair_run <> 0 WHERE r.phase = 0), "
  "doubted AS (SELECT count(*) AS keys FROM recheck k JOIN connection n ON n.id = k.connection_id JOIN mine ON mine.id = n.shard) "
  "SELECT heard.listening, heard.silent, owed.gaps, repairing.gaps, least(owed.oldest, repairing.oldest), doubted.keys "
  "FROM heard, owed, repairing, doubted"};

inline live_counts read_counts(const query_result& rows) {
  live_counts out{rows.number(0, 0), rows.number(0, 1), rows.number(0, 2), rows.number(0, 3), {}, rows.number(0, 5)};
  if (!rows.is_null(0, 4))
    out.oldest = instant{std::chrono::microseconds{rows.number(0, 4)}};
  return out;
}

} // namespace lode
