#include "runtime/storage/postgres/postgres_sink_store.hpp"

#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr statement put_statement{"put_sink",
                                  "SELECT lode_put_sink($1::text, $2::text, $3::text[], $4::bytea, $5::boolean)"};

constexpr statement list_statement{
  "list_sinks",
  "SELECT k.id, k.version, k.name, k.kind, k.streams, k.state, k.reason, b.changes, b.shards, coalesce(c.failing, 0), "
  "coalesce(c.delivered, 0), "
  "(extract(epoch FROM c.delivered_at) * 1000000)::bigint, (extract(epoch FROM c.failing_since) * 1000000)::bigint, "
  "coalesce((SELECT e.error FROM sink_cursor e WHERE e.sink_id = k.id AND e.failing_since IS NOT NULL ORDER BY "
  "e.retry_at DESC NULLS LAST LIMIT 1), '') "
  "FROM sink k CROSS JOIN LATERAL (SELECT coalesce(sum(s.feed_seq - coalesce(p.position, 0)), 0)::bigint AS changes, "
  "count(*) FILTER (WHERE s.feed_seq > coalesce(p.position, 0)) AS shards "
  "FROM shard s LEFT JOIN sink_cursor p ON p.sink_id = k.id AND p.shard = s.id) b "
  "LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE failing_since IS NOT NULL) AS failing, sum(delivered)::bigint AS "
  "delivered, "
  "max(delivered_at) AS delivered_at, min(failing_since) AS failing_since FROM sink_cursor WHERE sink_id = k.id) c ON "
  "true ORDER BY k.name"};

constexpr statement remove_statement{"remove_sink", "DELETE FROM sink WHERE name = $1::text RETURNING id"};
constexpr statement state_statement{"set_sink_state", "SELECT lode_set_sink_state($1::text, $2::bigint, '')"};
constexpr statement suspend_statement{
  "suspend_sink",
  "UPDATE sink SET state = 2, reason = $3::text WHERE id = $1::bigint AND version = $2::bigint AND state = 0"};

constexpr statement active_statement{
  "active_sinks", "SELECT id, version, name, kind, streams, sealed FROM sink WHERE state = 0 ORDER BY id"};

constexpr statement claim_statement{"claim_deliveries",
                                    "SELECT out_sink, out_shard, out_claim, out_position, out_failures "
                                    "FROM lode_claim_deliveries($1::bigint, $2::bigint[], $3::bigint[], $4::bigint)"};

/// One snapshot: who sees the last position given out sees every entry up to it. Records are looked up one by one (OFFSET 0), whatever
/// the planner thinks of their number. Each row of the feed is a page and holds at least one entry, but for the first one, in which the
/// cursor may stand: only as many pages are taken apart as the entries need.
constexpr statement changes_statement{
  "changes_to_deliver",
  "WITH places AS (SELECT base_seq, created, sum(count) OVER w - count AS before, first_value(count) OVER w AS first "
  "FROM (SELECT base_seq, created, count FROM feed WHERE shard = $1::bigint AND base_seq >= coalesce((SELECT "
  "max(base_seq) FROM feed WHERE shard = $1::bigint AND base_seq <= $2::bigint + 1), 0) "
  "ORDER BY base_seq LIMIT $3::bigint + 1) f WINDOW w AS (ORDER BY base_seq)), "
  "pages AS MATERIALIZED (SELECT f.* FROM places p JOIN feed f ON f.shard = $1::bigint AND f.base_seq = p.base_seq "
  "AND f.created = p.created WHERE p.before < $3::bigint + p.first), "
  "entries AS MATERIALIZED (SELECT f.base_seq + e.place - 1 AS seq, f.tenant_id, f.connection_id, f.stream_id, "
  "f.created, "
  "substr(f.ops, e.place::int, 1) AS op, e.key, e.high, e.low "
  "FROM pages f CROSS JOIN LATERAL unnest(f.keys, f.hash_highs, f.hash_lows) WITH ORDINALITY AS e(key, high, low, "
  "place) "
  "WHERE f.base_seq + e.place - 1 > $2::bigint ORDER BY 1 LIMIT $3::bigint), "
  "named AS (SELECT e.*, t.name AS tenant, n.name AS connection, o.name AS source, m.name AS stream, "
  "t.state <> 3 AND n.state <> 3 AND m.id IS NOT NULL AND (cardinality($4::text[]) = 0 OR o.name || '/' || m.name LIKE "
  "ANY ($4::text[])) AS wanted "
  "FROM entries e LEFT JOIN tenant t ON t.id = e.tenant_id LEFT JOIN connection n ON n.id = e.connection_id "
  "LEFT JOIN source o ON o.id = n.source_id LEFT JOIN stream m ON m.id = e.stream_id), "
  "filled AS (SELECT e.*, r.payload, coalesce(sum(octet_length(r.payload)) OVER (ORDER BY e.seq ROWS BETWEEN UNBOUNDED "
  "PRECEDING AND 1 PRECEDING), 0) AS before "
  "FROM named e LEFT JOIN LATERAL (SELECT r.payload FROM record r WHERE r.shard = $1::bigint AND r.stream_id = "
  "e.stream_id AND r.key = e.key "
  "AND NOT r.deleted AND r.hash_high = e.high AND r.hash_low = e.low AND e.op <> 'd' OFFSET 0) r ON e.wanted) "
  "SELECT (SELECT generation FROM store), h.feed_seq, h.feed_trimmed, (SELECT count(*) FROM entries), "
  "c.seq, coalesce(c.wanted, false), coalesce(c.tenant, ''), coalesce(c.connection, ''), coalesce(c.source, ''), "
  "coalesce(c.stream, ''), c.op, c.key, "
  "c.payload, c.high, c.low, (extract(epoch FROM c.created) * 1000000)::bigint "
  "FROM shard h LEFT JOIN filled c ON c.before < $5::bigint WHERE h.id = $1::bigint ORDER BY c.seq"};

constexpr statement settle_statement{
  "settle_delivery",
  "SELECT lode_settle_delivery($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint)"};
constexpr statement release_statement{
  "release_delivery",
  "SELECT lode_release_delivery($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::bigint)"};
constexpr statement release_all_statement{"release_deliveries",
                                          "UPDATE sink_cursor SET holder = 0 WHERE holder = $1::bigint"};

constexpr statement backlog_statement{
  "sink_backlog", "SELECT k.id, coalesce(sum(s.feed_seq - coalesce(c.position, 0)), 0)::bigint FROM sink k "
                  "LEFT JOIN shard s ON s.owner = $1::bigint LEFT JOIN sink_cursor c ON c.sink_id = k.id AND c.shard = "
                  "s.id GROUP BY k.id ORDER BY k.id"};

constexpr size_t error_limit = 2048;

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

/// For LIKE.
std::string like_pattern(const std::string& stream) {
  std::string out;
  for (char c : stream) {
    if (c == '\\' || c == '%' || c == '_')
      out += '\\';
    out += c == '*' ? '%' : c;
  }
  return out;
}

std::optional<instant> time_in(const query_result& rows, int row, int column) {
  if (rows.is_null(row, column))
    return std::nullopt;
  return instant{std::chrono::microseconds{rows.number(row, column)}};
}

sink_standing read_standing(const query_result& rows, int row) {
  sink_standing out;
  out.sink = {{rows.number(row, 0)},
              rows.number(row, 1),
              rows.string(row, 2),
              rows.string(row, 3),
              rows.texts(row, 4),
              "",
              static_cast<activity>(rows.number(row, 5)),
              rows.string(row, 6)};
  out.changes_behind = rows.number(row, 7);
  out.shards_behind = rows.number(row, 8);
  out.shards_failing = rows.number(row, 9);
  out.delivered = rows.number(row, 10);
  out.last_delivered = time_in(rows, row, 11);
  out.failing_since = time_in(rows, row, 12);
  out.error = rows.string(row, 13);
  return out;
}

delivered_change read_change(const query_result& rows, int row) {
  const auto op = rows.text(row, 10);
  delivered_change out;
  out.seq = rows.number(row, 4);
  out.tenant = rows.string(row, 6);
  out.connection = rows.string(row, 7);
  out.source = rows.string(row, 8);
  out.stream = rows.string(row, 9);
  out.kind = op == "i" ? change_kind::inserted : op == "u" ? change_kind::updated : change_kind::deleted;
  out.key = rows.string(row, 11);
  out.is_replaced = out.kind != change_kind::deleted && rows.is_null(row, 12);
  if (!rows.is_null(row, 12))
    out.payload = rows.string(row, 12);
  out.hash = {static_cast<uint64_t>(rows.number(row, 13)), static_cast<uint64_t>(rows.number(row, 14))};
  out.committed = time_in(rows, row, 15).value_or(instant{});
  return out;
}

class postgres_sink_store final : public sink_store {
public:
  postgres_sink_store(const postgres_settings& settings, const std::string& role)
      : self_(settings.self), link_(settings, role) {}

  caf::expected<bool> put_sink(const new_sink& sink) override {
    parameters values;
    values.add_text(sink.name)
      .add_text(sink.kind)
      .add_texts(views(sink.streams))
      .add_bytes(sink.sealed)
      .add(sink.from_now);
    return read_one(
      link_.execute(put_statement, values), [](const query_result& rows, int row) { return rows.boolean(row, 0); }, "");
  }

  caf::expected<std::vector<sink_standing>> list_sinks() override {
    return read_all(link_.execute(list_statement), read_standing);
  }

  caf::error remove_sink(const std::string& name) override {
    auto removed = link_.execute(remove_statement, parameters{}.add_text(name));
    if (removed && removed->rows() == 0)
      return store_error(errc::not_found, "there is no sink \"" + name + "\"");
    return error_of(removed);
  }
  caf::error pause_sink(const std::string& name) override { return set_state(name, activity::paused); }
  caf::error resume_sink(const std::string& name) override { return set_state(name, activity::active); }

  caf::expected<std::vector<sink_row>> active_sinks() override {
    return read_all(link_.execute(active_statement), [](const query_result& rows, int row) {
      return sink_row{{rows.number(row, 0)}, rows.number(row, 1), rows.string(row, 2), rows.string(row, 3),
                      rows.texts(row, 4),    rows.string(row, 5), activity::active,    ""};
    });
  }

  caf::expected<std::vector<delivery_claim>> claim(const std::vector<claim_order>& orders,
                                                   std::chrono::microseconds hold) override {
    std::vector<int64_t> sinks, places;
    for (const auto& order : orders) {
      sinks.push_back(order.sink.value);
      places.push_back(static_cast<int64_t>(order.places));
    }
    parameters values;
    values.add(self_.value)
      .add(std::span<const int64_t>{sinks})
      .add(std::span<const int64_t>{places})
      .add(int64_t{hold.count()});
    return read_all(link_.execute(claim_statement, values), [](const query_result& rows, int row) {
      return delivery_claim{
        {rows.number(row, 0)}, {rows.number(row, 1)}, rows.number(row, 2), rows.number(row, 3), rows.number(row, 4)};
    });
  }

  caf::expected<change_batch> read_changes(const delivery_claim& claim, const std::vector<std::string>& streams,
                                           const batch_limits& limits) override {
    std::vector<std::string> patterns;
    for (const auto& stream : streams)
      patterns.push_back(like_pattern(stream));
    parameters values;
    values.add(claim.shard.value)
      .add(claim.position)
      .add(static_cast<int64_t>(limits.changes))
      .add_texts(views(patterns));
    values.add(static_cast<int64_t>(limits.bytes));
    auto rows = link_.execute(changes_statement, values);
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return store_error(errc::not_found, "there is no shard " + to_string(claim.shard));
    if (const auto trimmed = rows->number(0, 2); claim.position < trimmed)
      return trimmed_beyond(claim.shard, claim.position, trimmed);
    change_batch out{rows->number(0, 0), rows->number(0, 1), {}};
    const auto found = rows->number(0, 3);
    const bool is_empty = rows->is_null(0, 4);
    const bool is_cut = found == static_cast<int64_t>(limits.changes) || (!is_empty && rows->rows() < found);
    if (is_cut)
      out.upto = rows->number(rows->rows() - 1, 4);
    for (int row = 0; row < rows->rows() && !is_empty; ++row)
      if (rows->boolean(row, 5))
        out.changes.push_back(read_change(*rows, row));
    return out;
  }

  caf::error settle(const delivery_claim& claim, int64_t upto, int64_t delivered) override {
    parameters values;
    values.add(self_.value).add(claim.sink.value).add(claim.shard.value).add(claim.claim).add(upto).add(delivered);
    return error_of(link_.execute(settle_statement, values));
  }

  caf::error release(const delivery_claim& claim, const std::string& error, std::chrono::microseconds wait) override {
    parameters values;
    values.add(self_.value)
      .add(claim.sink.value)
      .add(claim.shard.value)
      .add(claim.claim)
      .add_text(storable_text(error, error_limit));
    return error_of(link_.execute(release_statement, values.add(int64_t{wait.count()})));
  }

  caf::error release_all() override {
    return error_of(link_.execute(release_all_statement, parameters{}.add(self_.value)));
  }

  caf::error suspend_sink(sink_id sink, int64_t version, const std::string& reason) override {
    return error_of(
      link_.execute(suspend_statement, parameters{}.add(sink.value).add(version).add_text(storable_reason(reason))));
  }

  caf::expected<std::vector<sink_backlog>> backlog() override {
    return read_all(link_.execute(backlog_statement, parameters{}.add(self_.value)),
                    [](const query_result& rows, int row) {
                      return sink_backlog{{rows.number(row, 0)}, rows.number(row, 1)};
                    });
  }

private:
  caf::error set_state(const std::string& name, activity state) {
    return error_of(link_.execute(state_statement, parameters{}.add_text(name).add(static_cast<int64_t>(state))));
  }

  incarnation self_;
  postgres_connection link_;
};

} // namespace

std::unique_ptr<sink_store> make_postgres_sink_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_sink_store>(settings, role);
}

} // namespace lode
