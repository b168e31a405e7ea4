#include "runtime/storage/postgres/postgres_inspection_store.hpp"

#include <algorithm>

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement reset_statement{"reset", "SELECT lode_reset($1::text, $2::bigint, $3::bigint[], $4::text)"};
constexpr statement request_backfill_statement{"request_backfill",
                                               "SELECT out_answer, out_run FROM lode_request_backfill($1::text, "
                                               "$2::bigint, $3::bigint, $4::bigint, $5::bigint[], $6::bigint)"};
constexpr statement backfill_query{"load_backfill", "SELECT from_us, to_us, streams FROM requested_run WHERE "
                                                    "connection_id = $1::bigint AND kind = 2 AND from_us IS NOT NULL"};

using numbers = std::span<const int64_t>;

} // namespace

caf::expected<std::vector<run_id>> postgres_inspection_store::reset(connection_id connection,
                                                                    const std::vector<stream_id>& streams,
                                                                    const std::string& reason, const once_only& once) {
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

caf::expected<requested_run> postgres_inspection_store::request_backfill(connection_id connection,
                                                                         const backfill_order& order, instant now,
                                                                         const once_only& once) {
  if (auto wrong = check_once(once))
    return wrong;
  if (order.span.from >= order.span.to)
    return store_error(errc::bad_argument, "a backfill reads from a moment to a later one");
  std::vector<int64_t> streams;
  for (auto stream : order.streams)
    streams.push_back(stream.value);
  std::sort(streams.begin(), streams.end());
  parameters values;
  values.add_text(once.id)
    .add(connection.value)
    .add(micros(order.span.from))
    .add(micros(order.span.to))
    .add(numbers{streams})
    .add(micros(now));
  return read_one(
    link_.execute(request_backfill_statement, values),
    [](const query_result& rows, int row) {
      requested_run out{static_cast<request_answer>(rows.number(row, 0)), {}};
      if (!rows.is_null(row, 1))
        out.open = {rows.number(row, 1)};
      return out;
    },
    "no answer");
}

caf::expected<std::optional<backfill_order>> postgres_inspection_store::load_backfill(connection_id connection) {
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

} // namespace lode
