#include "runtime/storage/postgres/postgres_mined_reader.hpp"

#include "runtime/storage/postgres/query_rows.hpp"

namespace lode {

namespace {

constexpr statement records_after{
  "records_after", "SELECT key, payload, hash_high, hash_low, deleted FROM record "
                   "WHERE shard = (SELECT shard FROM stream WHERE id = $1::bigint) AND stream_id = $1::bigint "
                   "AND key > $2::text AND (NOT deleted OR $4::boolean) ORDER BY key LIMIT $3::bigint"};

/// Rows are per page and may begin before `after`; the statement's one snapshot shows a prefix of the feed.
constexpr statement feed_after{
  "feed_after", "SELECT f.base_seq, f.tenant_id, f.connection_id, f.stream_id, f.ops, f.keys, f.hash_highs, "
                "f.hash_lows, f.order_fields, f.order_epochs, f.order_counters FROM feed f "
                "WHERE f.shard = $1::bigint AND f.base_seq >= coalesce((SELECT max(base_seq) FROM feed "
                "WHERE shard = $1::bigint AND base_seq <= $2::bigint + 1), 0) ORDER BY f.base_seq LIMIT $3::bigint"};

constexpr statement feed_edges{"feed_edges", "SELECT feed_seq, feed_trimmed FROM shard WHERE id = $1::bigint"};

constexpr statement feed_ends_statement{
  "feed_ends", "SELECT u.place, s.feed_seq FROM unnest($1::bigint[]) WITH ORDINALITY AS u(shard, place) "
               "JOIN shard s ON s.id = u.shard"};

constexpr statement store_row{"store_row", "SELECT generation, hash_seed FROM store"};

change_kind kind_of(char op) {
  return op == 'i' ? change_kind::inserted : op == 'u' ? change_kind::updated : change_kind::deleted;
}

/// Of an array that has one element when all are the same.
int64_t element(const std::vector<int64_t>& values, size_t i) {
  return values[values.size() == 1 ? 0 : i];
}

void read_feed_row(const query_result& rows, int row, shard_id shard, int64_t after, size_t limit,
                   std::vector<feed_entry>& out) {
  const auto base = rows.number(row, 0);
  const auto ops = rows.text(row, 4);
  const auto keys = rows.texts(row, 5);
  const auto highs = rows.numbers(row, 6), lows = rows.numbers(row, 7);
  const auto fields = rows.numbers(row, 8), epochs = rows.numbers(row, 9), counters = rows.numbers(row, 10);
  for (size_t i = 0; i < keys.size() && out.size() < limit; ++i) {
    const auto seq = base + static_cast<int64_t>(i);
    if (seq <= after)
      continue;
    out.push_back({shard,
                   seq,
                   {rows.number(row, 1)},
                   {rows.number(row, 2)},
                   {rows.number(row, 3)},
                   kind_of(ops[i]),
                   keys[i],
                   {static_cast<uint64_t>(highs[i]), static_cast<uint64_t>(lows[i])},
                   {element(fields, i), element(epochs, i), element(counters, i)}});
  }
}

} // namespace

caf::expected<std::vector<stored_record>>
postgres_mined_reader::read_records(stream_id stream, const std::string& after_key, size_t limit, bool with_deleted) {
  parameters values;
  values.add(stream.value).add_text(after_key).add(static_cast<int64_t>(limit)).add(with_deleted);
  return read_all(link_.execute(records_after, values), [](const query_result& rows, int row) {
    return stored_record{rows.string(row, 0),
                         rows.string(row, 1),
                         {static_cast<uint64_t>(rows.number(row, 2)), static_cast<uint64_t>(rows.number(row, 3))},
                         rows.boolean(row, 4)};
  });
}

caf::expected<std::vector<feed_entry>> postgres_mined_reader::read_feed(shard_id shard, int64_t after, size_t limit) {
  constexpr int64_t rows_at_once = 100; // a row is a page: up to some hundred entries
  std::vector<feed_entry> out;
  for (auto place = after; out.size() < limit; place = out.back().seq) {
    auto rows = link_.execute(feed_after, parameters{}.add(shard.value).add(place).add(rows_at_once));
    if (!rows)
      return rows.error();
    const auto size_before = out.size();
    for (int row = 0; row < rows->rows() && out.size() < limit; ++row)
      read_feed_row(*rows, row, shard, place, limit, out);
    if (out.size() == size_before || rows->rows() < rows_at_once)
      break;
  }
  // The edges are read after the rows: what is trimmed meanwhile is noticed.
  auto edges = link_.execute(feed_edges, parameters{}.add(shard.value));
  if (!edges)
    return edges.error();
  if (edges->rows() == 0)
    return store_error(errc::not_found, "there is no shard " + to_string(shard));
  if (after < edges->number(0, 1))
    return store_error(errc::bad_argument, "the feed of shard " + to_string(shard) + " was trimmed up to position "
                                             + std::to_string(edges->number(0, 1)) + ", the reader stands at "
                                             + std::to_string(after) + ": take a new cursor (after=now), then export the "
                                             "records and go on from it");
  return out;
}

caf::expected<int64_t> postgres_mined_reader::feed_end(shard_id shard) {
  return read_one(
    link_.execute(feed_edges, parameters{}.add(shard.value)),
    [](const query_result& rows, int row) { return rows.number(row, 0); }, "there is no shard " + to_string(shard));
}

caf::expected<std::vector<int64_t>> postgres_mined_reader::feed_ends(const std::vector<shard_id>& shards) {
  std::vector<int64_t> ids;
  for (auto shard : shards)
    ids.push_back(shard.value);
  auto rows = link_.execute(feed_ends_statement, parameters{}.add(ids));
  if (!rows)
    return rows.error();
  std::vector<int64_t> out(shards.size());
  for (int row = 0; row < rows->rows(); ++row)
    out[static_cast<size_t>(rows->number(row, 0) - 1)] = rows->number(row, 1);
  return out;
}

caf::expected<int64_t> postgres_mined_reader::store_generation() {
  return read_one(
    link_.execute(store_row), [](const query_result& rows, int row) { return rows.number(row, 0); },
    "the store has no row: run `lode migrate`");
}

caf::expected<uint64_t> postgres_mined_reader::hash_seed() {
  return read_one(
    link_.execute(store_row),
    [](const query_result& rows, int row) { return static_cast<uint64_t>(rows.number(row, 1)); },
    "the store has no row: run `lode migrate`");
}

} // namespace lode
