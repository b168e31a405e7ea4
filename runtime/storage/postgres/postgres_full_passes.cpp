#include "runtime/storage/postgres/postgres_run_store.hpp"

#include "runtime/storage/key_marks.hpp"
#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/query_rows.hpp"

namespace lode {

namespace {

constexpr statement full_passes{"full_passes", "SELECT out_stream, out_completed, out_is_open, out_is_sound, out_needs "
                                               "FROM lode_settled_passes($1::bigint)"};

constexpr statement begin_full_pass{
  "begin_full_pass", "INSERT INTO full_pass (stream_id, run_id, began, needs) "
                     "VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint[]) ON CONFLICT (stream_id) DO UPDATE "
                     "SET run_id = EXCLUDED.run_id, began = EXCLUDED.began, needs = EXCLUDED.needs"};

constexpr statement pass_query{
  "load_pass",
  "SELECT out_pass, out_epoch, out_counter, out_from, out_to, out_confirmed, out_why_not, out_comes_again, out_marks "
  "FROM lode_load_pass($1::bigint, $2::bigint)"};

constexpr statement marks_query{"load_marks",
                                "SELECT id, keys FROM mark WHERE stream_id = $1::bigint "
                                "AND run_id = $2::bigint AND id > $3::bigint ORDER BY id LIMIT $4::bigint"};

constexpr statement live_query{
  "load_live",
  "SELECT key, order_field, order_epoch, order_counter, CASE WHEN $5::boolean THEN payload ELSE '' END, deleted "
  "FROM record WHERE shard = $1::bigint AND stream_id = $2::bigint AND key > $3::text "
  "ORDER BY key LIMIT $4::bigint"};

constexpr statement confirm_statement{"confirm_deletes",
                                      "SELECT lode_confirm_deletes_once($3::text, $1::bigint, $2::text[])"};

/// Pages whose marks, and records that, are read at once.
constexpr int64_t marks_at_once = 500;
constexpr int64_t live_at_once = 2'000;
constexpr int64_t payloads_at_once = 100; // a record may have megabytes

} // namespace

caf::expected<std::vector<full_pass_row>> postgres_run_store::load_full_passes(connection_id connection) {
  return read_all(link_.execute(full_passes, parameters{}.add(connection.value)),
                  [](const query_result& found, int row) {
                    auto completed = found.is_null(row, 1) ? std::nullopt : std::optional{at(found.number(row, 1))};
                    full_pass_row out{{found.number(row, 0)}, completed, found.boolean(row, 2), found.boolean(row, 3)};
                    for (auto stream : found.numbers(row, 4))
                      out.needs.push_back({stream});
                    return out;
                  });
}

caf::error postgres_run_store::begin_full_passes(run_id run, instant began,
                                                 const std::vector<full_pass_start>& passes) {
  for (const auto& pass : passes) {
    std::vector<int64_t> needs;
    for (auto stream : pass.needs)
      needs.push_back(stream.value);
    parameters values;
    values.add(pass.stream.value).add(run.value).add(micros(began)).add(std::span<const int64_t>{needs});
    if (auto error = error_of(link_.execute(begin_full_pass, values)))
      return error;
  }
  return {};
}

caf::expected<pass_standing> postgres_run_store::load_pass(run_id run, stream_id stream) {
  auto rows = link_.execute(pass_query, parameters{}.add(run.value).add(stream.value));
  if (!rows)
    return rows.error();
  return pass_standing{{rows->number(0, 0)},
                       {0, rows->number(0, 1), rows->number(0, 2)},
                       {at(rows->number(0, 3)), at(rows->number(0, 4))},
                       rows->boolean(0, 5),
                       rows->string(0, 6),
                       rows->boolean(0, 7),
                       rows->number(0, 8)};
}

caf::expected<pass_marks> postgres_run_store::load_marks(stream_id stream, run_id pass, int64_t after) {
  auto rows = link_.execute(marks_query, parameters{}.add(stream.value).add(pass.value).add(after).add(marks_at_once));
  if (!rows)
    return rows.error();
  pass_marks out;
  for (int row = 0; row < rows->rows(); ++row)
    unpack_marks(rows->text(row, 1), out.keys);
  if (rows->rows() == marks_at_once)
    out.last = rows->number(rows->rows() - 1, 0);
  return out;
}

caf::expected<std::vector<live_fact>> postgres_run_store::load_live(shard_id shard, stream_id stream,
                                                                    const std::string& after, bool with_payload) {
  parameters values;
  values.add(shard.value).add(stream.value).add_text(after).add(with_payload ? payloads_at_once : live_at_once);
  values.add(with_payload);
  return read_all(link_.execute(live_query, values), [](const query_result& found, int row) {
    return live_fact{found.string(row, 0),
                     {found.number(row, 1), found.number(row, 2), found.number(row, 3)},
                     found.string(row, 4),
                     found.boolean(row, 5)};
  });
}

caf::error postgres_run_store::confirm_deletes(connection_id connection, const std::vector<std::string>& streams,
                                               const once_only& once) {
  if (auto error = check_once(once))
    return error;
  std::vector<std::string_view> names{streams.begin(), streams.end()};
  return error_of(
    link_.execute(confirm_statement, parameters{}.add(connection.value).add_texts(names).add_text(once.id)));
}

} // namespace lode
