#pragma once

#include "messages/gaps.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// What read_gap() takes, of the view live_gap.
#define LODE_GAP_COLUMNS "id, connection_id, from_us, until_us, reason, repair_run, state, failures, is_first, unswept"
#define LODE_GAP_COLUMNS_OF(g)                                                                                         \
  g ".id, " g ".connection_id, " g ".from_us, " g ".until_us, " g ".reason, " g ".repair_run, " g ".state, " g         \
    ".failures, " g ".is_first, " g ".unswept"
inline constexpr int gap_columns = 10;

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
  for (auto stream : rows.numbers(row, 9))
    out.unswept.push_back({stream});
  return out;
}

/// What read_recheck() takes, of the table recheck as `r`.
#define LODE_RECHECK_COLUMNS                                                                                           \
  "r.stream_id, r.key::text, (extract(epoch FROM r.due - now()) * 1000000)::bigint, r.asked_field, r.asked_epoch, "    \
  "r.asked_counter, r.attempts, r.reason"

inline recheck_row read_recheck(const query_result& rows, int row) {
  return {{rows.number(row, 0)},
          rows.string(row, 1),
          std::chrono::microseconds{rows.number(row, 2)},
          {rows.number(row, 3), rows.number(row, 4), rows.number(row, 5)},
          static_cast<int32_t>(rows.number(row, 6)),
          rows.string(row, 7)};
}

/// Who began under an earlier claim of the shard has gone without a word.
#define LODE_IS_LISTENING(l, s) l ".state = 0 AND " l ".epoch = " s ".epoch"

/// What read_counts() takes; of the shards of one life, or of all (0).
inline constexpr statement count_live_query{
  "count_live",
  "WITH mine AS MATERIALIZED (SELECT id, epoch FROM shard WHERE owner = $1::bigint OR $1::bigint = 0), "
  "heard AS (SELECT count(*) FILTER (WHERE " LODE_IS_LISTENING("l", "mine") ") AS listening, count(*) AS known "
  "FROM listener l JOIN mine ON mine.id = l.shard), "
  "owed AS (SELECT count(*) AS gaps, min(g.from_us) FILTER (WHERE NOT g.is_first) AS oldest "
  "FROM gap g JOIN mine ON mine.id = g.shard WHERE g.repair_run = 0), "
  "repairing AS (SELECT count(*) AS gaps, min(g.from_us) FILTER (WHERE NOT g.is_first) AS oldest "
  "FROM run r JOIN mine ON mine.id = r.shard JOIN gap g ON g.repair_run = r.id AND g.repair_run <> 0 WHERE r.phase = 0), "
  "doubted AS (SELECT count(*) AS keys FROM recheck k JOIN connection n ON n.id = k.connection_id JOIN mine ON mine.id = n.shard), "
  "unswept AS (SELECT count(*) AS gaps FROM live_gap g JOIN mine ON mine.id = g.shard WHERE g.unswept <> '{}' AND g.state = 3) "
  "SELECT heard.listening, heard.known - heard.listening, owed.gaps, repairing.gaps, least(owed.oldest, repairing.oldest), doubted.keys, "
  "unswept.gaps FROM heard, owed, repairing, doubted, unswept"};

inline live_counts read_counts(const query_result& rows) {
  live_counts out{rows.number(0, 0), rows.number(0, 1), rows.number(0, 2), rows.number(0, 3), {}, rows.number(0, 5), rows.number(0, 6)};
  if (!rows.is_null(0, 4))
    out.oldest = instant{std::chrono::microseconds{rows.number(0, 4)}};
  return out;
}

} // namespace lode
