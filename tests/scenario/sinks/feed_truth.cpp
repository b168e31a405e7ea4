#include "tests/scenario/sinks/feed_truth.hpp"

#include <stdexcept>

#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

namespace {

/// The record of an entry that is the last one of its key: as JSON, "" when it is deleted; NULL where the key has later entries.
constexpr const char* entries = R"(
SELECT f.shard, f.base_seq + e.place - 1, t.name, s.name, e.key,
       CASE substr(f.ops, e.place::int, 1) WHEN 'i' THEN 'inserted' WHEN 'u' THEN 'updated' ELSE 'deleted' END,
       lpad(to_hex(e.high), 16, '0') || lpad(to_hex(e.low), 16, '0'),
       CASE WHEN row_number() OVER (PARTITION BY f.stream_id, e.key ORDER BY f.base_seq + e.place DESC) = 1
            THEN CASE WHEN r.deleted THEN '' ELSE r.payload END END
FROM feed f CROSS JOIN LATERAL unnest(f.keys, f.hash_highs, f.hash_lows) WITH ORDINALITY AS e(key, high, low, place)
JOIN tenant t ON t.id = f.tenant_id JOIN stream s ON s.id = f.stream_id
JOIN record r ON r.shard = f.shard AND r.stream_id = f.stream_id AND r.key = e.key)";

} // namespace

stored_truth read_truth(const std::string& dsn) {
  test_session session{dsn};
  const auto rows = session.link().execute({"sink_feed_truth", entries});
  if (!rows)
    throw std::runtime_error{"the feed cannot be read: " + session.link().last_failure().message};
  stored_truth out;
  for (int row = 0; row < rows->rows(); ++row) {
    const feed_place place{rows->number(row, 0), rows->number(row, 1)};
    out.feed[place] = {rows->string(row, 2), rows->string(row, 3), rows->string(row, 4), rows->string(row, 5),
                       rows->string(row, 6)};
    if (rows->is_null(row, 7))
      continue;
    const auto record = rows->text(row, 7);
    out.latest[place] = record.empty() ? boost::json::value{} : boost::json::parse({record.data(), record.size()});
  }
  return out;
}

} // namespace lode::test
