#pragma once

#include "runtime/storage/postgres/query_result.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// What read_run() takes, of the table run as `r` and its continuations as `c`, grouped by the run.
#define LODE_RUN_COLUMNS                                                                                               \
  "SELECT r.id, r.tenant_id, r.connection_id, r.kind, r.phase, (extract(epoch FROM r.started) * 1000000)::bigint, "    \
  "(extract(epoch FROM r.ended) * 1000000)::bigint, r.open, r.failed, r.reason, "                                      \
  "coalesce(sum(c.pages), 0)::bigint, coalesce(sum(c.records), 0)::bigint, coalesce(sum(c.inserted), 0)::bigint, "     \
  "coalesce(sum(c.updated), 0)::bigint, coalesce(sum(c.unchanged), 0)::bigint, "                                       \
  "coalesce(sum(c.refused_older), 0)::bigint, coalesce(sum(c.dead), 0)::bigint, coalesce(sum(c.bytes), 0)::bigint, "   \
  "coalesce(sum(c.deleted), 0)::bigint "
inline constexpr int run_columns = 19;

inline run_summary read_run(const query_result& rows, int row) {
  auto at = [&](int column) { return instant{std::chrono::microseconds{rows.number(row, column)}}; };
  run_summary out;
  out.run = {rows.number(row, 0)};
  out.tenant = {rows.number(row, 1)};
  out.connection = {rows.number(row, 2)};
  out.kind = static_cast<run_kind>(rows.number(row, 3));
  out.phase = static_cast<run_phase>(rows.number(row, 4));
  out.started = at(5);
  if (!rows.is_null(row, 6))
    out.ended = at(6);
  out.open = rows.number(row, 7);
  out.failed = rows.number(row, 8);
  out.reason = rows.string(row, 9);
  auto& sums = out.counters;
  int column = 10;
  for (auto* counter : {&sums.pages, &sums.records, &sums.inserted, &sums.updated, &sums.unchanged,
                        &sums.refused_older, &sums.dead, &sums.bytes, &sums.deleted})
    *counter = rows.number(row, column++);
  return out;
}

} // namespace lode
