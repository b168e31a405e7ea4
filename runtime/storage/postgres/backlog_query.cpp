#include "runtime/storage/postgres/backlog_query.hpp"

#include "runtime/storage/postgres/overview_queries.hpp"

namespace lode {

caf::expected<backlog> backlog_query::ask(instant now) {
  auto rows = link_.execute(lateness_query, parameters{}.add(now.time_since_epoch().count()));
  if (!rows)
    return rows.error();
  return backlog{static_cast<double>(rows->number(0, 0)) / 1e6, static_cast<double>(rows->number(0, 1))};
}

} // namespace lode
