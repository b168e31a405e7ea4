#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement dead_letter_by_id{
  "dead_letter_by_id",
  "SELECT stream_id, run_id, key::text, payload, reason, order_field, order_epoch, order_counter FROM dead_letter "
  "WHERE id = $1::bigint AND connection_id = $2::bigint"};

constexpr statement remove_dead_letter_by_id{
  "remove_dead_letter_by_id", "DELETE FROM dead_letter WHERE id = $1::bigint AND connection_id = $2::bigint"};

constexpr statement tally{"load_tally", "SELECT coalesce(sum(records), 0)::bigint, coalesce(sum(dead), 0)::bigint "
                                        "FROM continuation WHERE run_id = $1::bigint AND stream_id = $2::bigint"};

constexpr statement stop{"stop_stream", "SELECT lode_stop_stream($1::bigint, $2::bigint, $3::text)"};

} // namespace

caf::expected<stream_tally> postgres_run_store::load_tally(run_id run, stream_id stream) {
  auto rows = link_.execute(tally, parameters{}.add(run.value).add(stream.value));
  if (!rows)
    return rows.error();
  return stream_tally{rows->number(0, 0), rows->number(0, 1)};
}

caf::expected<dead_letter> postgres_run_store::load_dead_letter(connection_id connection, int64_t id) {
  auto rows = link_.execute(dead_letter_by_id, parameters{}.add(id).add(connection.value));
  if (!rows)
    return rows.error();
  if (rows->rows() == 0)
    return store_error(errc::not_found, "dead letter " + std::to_string(id) + " is not on the list");
  return dead_letter{stream_id{rows->number(0, 0)},
                     run_id{rows->number(0, 1)},
                     {rows->string(0, 2),
                      rows->string(0, 3),
                      rows->string(0, 4),
                      {rows->number(0, 5), rows->number(0, 6), rows->number(0, 7)}}};
}

caf::error postgres_run_store::remove_dead_letter(connection_id connection, int64_t id) {
  return error_of(link_.execute(remove_dead_letter_by_id, parameters{}.add(id).add(connection.value)));
}

caf::error postgres_run_store::stop_stream(run_id run, stream_id stream, const std::string& reason) {
  return error_of(link_.execute(stop, parameters{}.add(run.value).add(stream.value).add_text(storable_reason(reason))));
}

} // namespace lode
