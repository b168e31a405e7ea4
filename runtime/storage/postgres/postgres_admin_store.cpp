#include "runtime/storage/postgres/postgres_admin_store.hpp"

#include <algorithm>

#include "runtime/storage/postgres/gap_rows.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr statement activity_counts_query{
  "activity_counts", "SELECT 0::bigint, state, count(*) FROM tenant GROUP BY state "
                     "UNION ALL SELECT 1::bigint, state, count(*) FROM connection GROUP BY state "
                     "UNION ALL SELECT 2::bigint, 0::bigint, count(*) FROM connection c JOIN tenant t ON t.id = c.tenant_id "
                     "WHERE greatest(c.state, t.state) IN (1, 2)"};

constexpr statement shares_query{
  "shares", "SELECT s.owner, count(*), coalesce(sum(t.tenants), 0)::bigint FROM shard s "
            "LEFT JOIN (SELECT shard, count(*) AS tenants FROM tenant WHERE state <> 3 GROUP BY shard) t ON t.shard = s.id "
            "GROUP BY s.owner"};

constexpr statement stopped_connections{
  "stopped_connections", "SELECT t.name::text, c.name::text, greatest(c.state, t.state), "
                         "CASE c.state WHEN 0 THEN t.reason ELSE c.reason END "
                         "FROM connection c JOIN tenant t ON t.id = c.tenant_id "
                         "WHERE greatest(c.state, t.state) IN (1, 2) "
                         "ORDER BY greatest(c.state, t.state) DESC, t.name, c.name LIMIT $1::bigint"};

constexpr statement dead_letters_after{
  "dead_letters_after", "SELECT id, connection_id, stream_id, run_id, (extract(epoch FROM created) * 1000000)::bigint, "
                        "(extract(epoch FROM coalesce(last_seen, created)) * 1000000)::bigint, times, "
                        "key::text, payload, reason FROM dead_letter "
                        "WHERE stream_id = ANY (ARRAY(SELECT id FROM stream WHERE tenant_id = $1::bigint)) "
                        "AND id > $2::bigint ORDER BY id LIMIT $3::bigint"};

// What stands in FROM comes first: anchors go where the edit was allowed.
constexpr statement edit_state_statement{
  "edit_state", "SELECT changed + lode_forget_anchors($2::bigint[], $3::text[], $5::boolean[]) "
                "FROM lode_edit_state($1::bigint, $2::bigint[], $3::text[], $4::bigint[], $5::boolean[], $6::bigint[], "
                "$7::bigint[], $8::bigint[], $9::bytea[]) AS changed"};

constexpr statement closed_spans{
  "closed_spans", "SELECT i.partition::text, i.from_us, i.to_us FROM closed_interval i JOIN stream s ON s.id = i.stream_id "
                  "WHERE s.connection_id = $1::bigint AND i.stream_id = $2::bigint ORDER BY i.partition, i.from_us "
                  "LIMIT $3::bigint"};

constexpr statement counting_anchors{
  "counting_anchors", "SELECT a.partition::text, a.position, a.known_until, a.edition, a.source_version, a.run_id FROM anchor a "
                      "JOIN stream s ON s.id = a.stream_id JOIN connection c ON c.id = s.connection_id "
                      "JOIN source o ON o.id = c.source_id "
                      "WHERE c.id = $1::bigint AND a.stream_id = $2::bigint AND a.edition = c.edition "
                      "AND a.source_version = o.version ORDER BY a.partition LIMIT $3::bigint"};

// Backfills and repairs (kinds 2 and 3) read what they were asked for, and no more.
constexpr statement read_slices{
  "read_slices",
  "WITH latest AS MATERIALIZED ("
  "SELECT r.id, r.phase, r.kind, r.started, coalesce(r.started >= greatest(o.version_began, n.edition_began), true) AS is_current "
  "FROM run r JOIN connection n ON n.id = r.connection_id JOIN source o ON o.id = n.source_id "
  "WHERE r.connection_id = $1::bigint ORDER BY r.id DESC LIMIT 100), "
  "whole AS MATERIALIZED ("
  "SELECT r.id, (SELECT min(c.id) FROM continuation c WHERE c.run_id = r.id AND c.stream_id = $2::bigint AND NOT c.sweeps) AS one, "
  "EXISTS (SELECT FROM anchor a WHERE a.stream_id = $2::bigint) AS is_anchored FROM latest r "
  "WHERE r.phase = 1 AND r.kind NOT IN (2, 3) AND r.is_current "
  "AND EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND c.stream_id = $2::bigint AND NOT c.sweeps) "
  "AND NOT EXISTS (SELECT FROM continuation c WHERE c.run_id = r.id AND c.stream_id = $2::bigint AND NOT c.sweeps "
  "AND (c.phase <> 1 OR c.reason <> '' OR c.slice_from <> 0 OR c.slice_to <> 0)) ORDER BY r.id DESC LIMIT 1) "
  "SELECT r.id, r.phase, (extract(epoch FROM r.started) * 1000000)::bigint, c.partition, c.slice_from, c.slice_to, "
  "c.phase, c.reason, c.dead, r.kind, r.is_current FROM latest r LEFT JOIN whole w ON true "
  "CROSS JOIN LATERAL (SELECT * FROM continuation c WHERE c.run_id = r.id AND c.stream_id = $2::bigint AND NOT c.sweeps "
  "AND (w.id IS NULL OR r.id <> w.id OR w.is_anchored OR c.dead > 0 OR c.id = w.one) ORDER BY c.id LIMIT $3::bigint) c "
  "WHERE w.id IS NULL OR r.id >= w.id ORDER BY r.id DESC, c.id LIMIT $3::bigint"};

// `$3` letters at most are looked at, the latest first.
constexpr statement letters_by_run{
  "letters_by_run", "SELECT d.run_id, count(*), (extract(epoch FROM max(d.seen)) * 1000000)::bigint FROM ("
                    "SELECT l.run_id, coalesce(l.last_seen, l.created) AS seen FROM dead_letter l "
                    "JOIN stream s ON s.id = l.stream_id WHERE s.connection_id = $1::bigint AND l.stream_id = $2::bigint "
                    "ORDER BY l.id DESC LIMIT $3::bigint) d GROUP BY d.run_id ORDER BY d.run_id DESC"};

constexpr statement open_gaps{
  "open_gaps", "SELECT " LODE_GAP_COLUMNS_OF("g") " FROM live_gap g WHERE connection_id = $1::bigint AND (state < 2 OR (state = 3 AND $2::bigint = ANY (unswept))) "
               "AND EXISTS (SELECT FROM stream s WHERE s.id = $2::bigint AND s.connection_id = g.connection_id) "
               "ORDER BY id LIMIT $3::bigint"};

constexpr statement all_open_gaps{
  "all_open_gaps", "SELECT " LODE_GAP_COLUMNS_OF("g") ", t.name::text, n.name::text FROM live_gap g "
                   "JOIN connection n ON n.id = g.connection_id AND n.state <> 3 JOIN tenant t ON t.id = g.tenant_id "
                   "WHERE g.repair_run = 0 OR g.state = 1 ORDER BY g.id LIMIT $1::bigint"};

constexpr statement listening{
  "listening", "SELECT " LODE_IS_LISTENING("l", "s") ", CASE WHEN " LODE_IS_LISTENING("l", "s") " THEN l.since "
               "ELSE coalesce(g.from_us, l.healthy_until) END, l.healthy_until, CASE WHEN " LODE_IS_LISTENING("l", "s") " THEN '' "
               "WHEN g.id IS NOT NULL THEN g.reason WHEN l.state = 2 THEN 'handed over: it moves to another node, or is not active' "
               "ELSE 'who listened has ended without a word' END "
               "FROM listener l JOIN shard s ON s.id = l.shard "
               "LEFT JOIN gap g ON g.connection_id = l.connection_id AND g.until_us IS NULL WHERE l.connection_id = $1::bigint"};

constexpr statement gaps_before{
  "gaps_before", "SELECT " LODE_GAP_COLUMNS " FROM live_gap WHERE connection_id = $1::bigint AND ($2::bigint = 0 OR id < $2::bigint) "
                 "ORDER BY id DESC LIMIT $3::bigint"};

constexpr statement all_rechecks{
  "all_rechecks", "SELECT " LODE_RECHECK_COLUMNS " FROM recheck r JOIN stream s ON s.id = r.stream_id AND s.chosen "
                  "WHERE r.connection_id = $1::bigint ORDER BY r.due, r.stream_id, r.key LIMIT $2::bigint"};

constexpr statement rechecks_count{
  "rechecks_count", "SELECT count(*) FROM recheck r JOIN stream s ON s.id = r.stream_id AND s.chosen WHERE r.connection_id = $1::bigint"};

instant at(int64_t micros) {
  return instant{std::chrono::microseconds{micros}};
}

class postgres_admin_store final : public admin_store {
public:
  postgres_admin_store(const postgres_settings& settings, const std::string& role) : link_(settings, role) {}

  caf::expected<activity_counts> count_activities() override {
    auto rows = link_.execute(activity_counts_query);
    if (!rows)
      return rows.error();
    activity_counts out;
    for (int row = 0; row < rows->rows(); ++row) {
      const auto kind = rows->number(row, 0);
      const auto state = static_cast<size_t>(rows->number(row, 1));
      (kind == 0 ? out.tenants.at(state) : kind == 1 ? out.connections.at(state) : out.stopped) = rows->number(row, 2);
    }
    return out;
  }

  caf::expected<std::vector<owned_share>> count_shares() override {
    return read_all(link_.execute(shares_query), [](const query_result& rows, int row) {
      return owned_share{{rows.number(row, 0)}, rows.number(row, 1), rows.number(row, 2)};
    });
  }

  caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) override {
    auto rows = link_.execute(stopped_connections, parameters{}.add(static_cast<int64_t>(limit)));
    if (!rows)
      return rows.error();
    std::vector<stopped_connection> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.push_back({rows->string(row, 0), rows->string(row, 1), static_cast<activity>(rows->number(row, 2)),
                     rows->string(row, 3)});
    return out;
  }

  caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) override {
    parameters values;
    values.add(tenant.value).add(after).add(static_cast<int64_t>(limit));
    auto rows = link_.execute(dead_letters_after, values);
    if (!rows)
      return rows.error();
    std::vector<dead_letter_row> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.push_back({rows->number(row, 0), {rows->number(row, 1)}, {rows->number(row, 2)}, {rows->number(row, 3)},
                     instant{std::chrono::microseconds{rows->number(row, 4)}},
                     instant{std::chrono::microseconds{rows->number(row, 5)}}, rows->number(row, 6), rows->string(row, 7),
                     rows->string(row, 8), rows->string(row, 9)});
    return out;
  }

  caf::expected<stream_reading> load_reading(connection_id connection, stream_id stream, size_t limit) override {
    // One more than asked for says that there is more.
    auto ask = [&](const statement& query) {
      return link_.execute(query, parameters{}.add(connection.value).add(stream.value).add(static_cast<int64_t>(limit) + 1));
    };
    auto closed = ask(closed_spans);
    auto anchors = ask(counting_anchors);
    auto slices = ask(read_slices);
    auto letters = ask(letters_by_run);
    auto gaps = ask(open_gaps);
    for (const auto* rows : {&closed, &anchors, &slices, &letters, &gaps})
      if (!*rows)
        return rows->error();
    stream_reading out;
    auto most = static_cast<int>(limit);
    out.is_cut = std::max({closed->rows(), anchors->rows(), slices->rows(), gaps->rows()}) > most;
    for (int row = 0; row < std::min(closed->rows(), most); ++row)
      out.closed.push_back({closed->string(row, 0), {at(closed->number(row, 1)), at(closed->number(row, 2))}});
    for (int row = 0; row < std::min(anchors->rows(), most); ++row)
      out.anchors.push_back({stream,
                             anchors->string(row, 0),
                             {anchors->number(row, 1), at(anchors->number(row, 2)), anchors->number(row, 3), anchors->string(row, 4)},
                             {anchors->number(row, 5)}});
    for (int row = 0; row < std::min(slices->rows(), most); ++row)
      out.slices.push_back({{slices->number(row, 0)}, static_cast<run_phase>(slices->number(row, 1)), at(slices->number(row, 2)),
                            slices->string(row, 3), {at(slices->number(row, 4)), at(slices->number(row, 5))},
                            static_cast<continuation_phase>(slices->number(row, 6)), slices->string(row, 7),
                            slices->number(row, 8), static_cast<run_kind>(slices->number(row, 9)), slices->boolean(row, 10)});
    for (int row = 0; row < std::min(gaps->rows(), most); ++row)
      out.gaps.push_back(read_gap(*gaps, row));
    int64_t dead = 0;
    for (int row = 0; row < letters->rows(); ++row) {
      out.died.push_back({{letters->number(row, 0)}, letters->number(row, 1), at(letters->number(row, 2))});
      dead += out.died.back().count;
    }
    out.is_cut = out.is_cut || dead > static_cast<int64_t>(limit);
    return out;
  }

  caf::expected<live_counts> count_live() override {
    auto rows = link_.execute(count_live_query, parameters{}.add(int64_t{0}));
    return rows ? caf::expected<live_counts>{read_counts(*rows)} : rows.error();
  }

  caf::expected<std::vector<open_gap>> list_open_gaps(size_t limit) override {
    return read_all(link_.execute(all_open_gaps, parameters{}.add(static_cast<int64_t>(limit))), [](const query_result& rows, int row) {
      return open_gap{rows.string(row, gap_columns), rows.string(row, gap_columns + 1), read_gap(rows, row)};
    });
  }

  caf::expected<std::optional<listening_row>> load_listening(connection_id connection) override {
    auto rows = link_.execute(listening, parameters{}.add(connection.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return std::optional<listening_row>{};
    return std::optional{listening_row{rows->boolean(0, 0), at(rows->number(0, 1)), at(rows->number(0, 2)), rows->string(0, 3)}};
  }

  caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, int64_t before, size_t limit) override {
    parameters values;
    values.add(connection.value).add(before).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(gaps_before, values), read_gap);
  }

  caf::expected<std::vector<recheck_row>> list_rechecks(connection_id connection, size_t limit) override {
    return read_all(link_.execute(all_rechecks, parameters{}.add(connection.value).add(static_cast<int64_t>(limit))), read_recheck);
  }

  caf::expected<int64_t> count_rechecks(connection_id connection) override {
    auto rows = link_.execute(rechecks_count, parameters{}.add(connection.value));
    if (!rows)
      return rows.error();
    return rows->number(0, 0);
  }

  caf::expected<int64_t> edit_state(const state_edit& edit) override {
    std::vector<int64_t> streams, known, versions, ids, expected;
    std::vector<std::string_view> partitions, states;
    std::vector<uint8_t> forgotten;
    for (const auto& each : edit.cursors) {
      streams.push_back(each.stream.value);
      partitions.push_back(each.partition);
      known.push_back(each.known_up_to.value_or(instant{}).time_since_epoch().count());
      forgotten.push_back(each.known_up_to ? 0 : 1);
      versions.push_back(each.expected_version);
    }
    for (const auto& each : edit.continuations) {
      ids.push_back(each.id.value);
      expected.push_back(each.expected_version);
      states.push_back(each.state);
    }
    using numbers = std::span<const int64_t>;
    parameters values;
    values.add(edit.connection.value).add(numbers{streams}).add_texts(partitions).add(numbers{known});
    values.add_bools(forgotten).add(numbers{versions});
    values.add(numbers{ids}).add(numbers{expected}).add_byte_strings(states);
    auto rows = link_.execute(edit_state_statement, values);
    if (!rows)
      return rows.error();
    return rows->number(0, 0);
  }

private:
  postgres_connection link_;
};

} // namespace

std::unique_ptr<admin_store> make_postgres_admin_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_admin_store>(settings, role);
}

} // namespace lode
