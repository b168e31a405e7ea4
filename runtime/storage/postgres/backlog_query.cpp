#include "runtime/storage/postgres/backlog_query.hpp"

namespace lode {

namespace {

constexpr statement backlog_text{
  "history_backlog", "WITH due_now AS (SELECT count(*) AS n FROM due WHERE due < $1::bigint) "
                     "SELECT coalesce($1::bigint - (SELECT due FROM due WHERE due < $1::bigint ORDER BY due LIMIT 1 "
                     "OFFSET (SELECT n / 20 FROM due_now)), 0), (SELECT coalesce(sum(open), 0)::bigint FROM run WHERE phase = 0)"};

} // namespace

caf::expected<backlog> backlog_query::ask(instant now) {
  auto rows = link_.execute(backlog_text, parameters{}.add(now.time_since_epoch().count()));
  if (!rows)
    return rows.error();
  return backlog{static_cast<double>(rows->number(0, 0)) / 1e6, static_cast<double>(rows->number(0, 1))};
}

} // namespace lode
