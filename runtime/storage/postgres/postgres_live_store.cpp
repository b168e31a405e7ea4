#include "runtime/storage/postgres/postgres_live_store.hpp"

#include "runtime/storage/postgres/gap_rows.hpp"
#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

// -- listeners -----------------------------------------------------------------------------------------------------------

constexpr statement begin_statement{
  "begin_listening", "SELECT " LODE_GAP_COLUMNS " FROM lode_begin_listening($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
                     "$5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::boolean, $10::text)"};

constexpr statement end_statement{"end_listening", "SELECT lode_end_listening($1::bigint, $2::bigint, $3::bigint, $4::bigint, "
                                                   "$5::bigint, $6::bigint, $7::text)"};

constexpr statement hand_over_statement{
  "hand_over_listening",
  "SELECT lode_hand_over_listening($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::bigint, $7::bigint)"};

constexpr statement sweep_statement{
  "sweep", "SELECT connection, swept FROM lode_sweep_listeners($1::bigint, $2::bigint[], $3::bigint[], $4::bigint[], $5::text)"};

constexpr statement prove_statement{"prove_health",
                                    "SELECT lode_prove_health($1::bigint, $2::bigint[], $3::bigint[], $4::bigint[])"};

// -- gaps ----------------------------------------------------------------------------------------------------------------

constexpr statement gaps_query{"list_gaps", "SELECT " LODE_GAP_COLUMNS " FROM live_gap WHERE connection_id = $1::bigint "
                                            "ORDER BY id DESC LIMIT $2::bigint"};

#define LODE_OWED_COLUMNS                                                                                              \
  "SELECT g.connection_id, min(g.tenant_id), min(g.shard), min(g.from_us), max(g.until_us), max(g.failures), count(*), min(g.until_us) " \
  "FROM live_gap g "

constexpr statement owed_query{
  "owed_repairs", LODE_OWED_COLUMNS
  "JOIN shard s ON s.id = g.shard AND s.owner = $1::bigint JOIN connection n ON n.id = g.connection_id AND n.state = 0 "
  "JOIN tenant t ON t.id = g.tenant_id AND t.state = 0 WHERE g.repair_run = 0 AND g.until_us IS NOT NULL "
  "AND NOT EXISTS (SELECT FROM run r WHERE r.connection_id = g.connection_id AND r.kind = 3 AND r.phase = 0) "
  "AND NOT (g.is_first AND ("
  "EXISTS (SELECT FROM run r WHERE r.connection_id = g.connection_id AND r.kind IN (0, 1, 4) AND r.phase = 0) "
  "OR EXISTS (SELECT FROM due d WHERE d.connection_id = g.connection_id AND d.kind IN (0, 1, 4) AND d.due <= $2::bigint) "
  "OR EXISTS (SELECT FROM requested_run q WHERE q.connection_id = g.connection_id AND q.kind IN (1, 4)))) "
  "GROUP BY g.connection_id ORDER BY min(g.id) LIMIT $3::bigint"};

constexpr statement owed_of_query{"owed_repair_of", LODE_OWED_COLUMNS
                                  "WHERE g.connection_id = $1::bigint AND g.repair_run = 0 AND g.until_us IS NOT NULL "
                                  "GROUP BY g.connection_id"};

#undef LODE_OWED_COLUMNS

// -- rechecks ------------------------------------------------------------------------------------------------------------

constexpr statement rechecks_query{
  "load_rechecks", "SELECT " LODE_RECHECK_COLUMNS " FROM recheck r JOIN stream s ON s.id = r.stream_id AND s.chosen "
                   "WHERE r.connection_id = $1::bigint AND r.due <= now() + $2::bigint * interval '1 microsecond' "
                   "ORDER BY r.due, r.stream_id, r.key LIMIT $3::bigint"};

constexpr statement to_recheck_query{
  "connections_to_recheck", "SELECT r.connection_id FROM recheck r JOIN stream s ON s.id = r.stream_id AND s.chosen "
                            "JOIN connection n ON n.id = r.connection_id AND n.state = 0 "
                            "JOIN tenant t ON t.id = n.tenant_id AND t.state = 0 JOIN shard h ON h.id = t.shard AND h.owner = $1::bigint "
                            "WHERE r.due <= now() GROUP BY r.connection_id ORDER BY min(r.due) LIMIT $2::bigint"};

constexpr statement postpone_statement{
  "postpone_rechecks", "SELECT lode_postpone_rechecks($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint[], $6::text[], "
                       "$7::bigint[], $8::bigint[], $9::bigint, $10::text)"};

instant at(int64_t micros) {
  return instant{std::chrono::microseconds{micros}};
}

int64_t micros(instant time) {
  return time.time_since_epoch().count();
}

owed_repair read_owed(const query_result& rows, int row) {
  return {{rows.number(row, 0)},
          {rows.number(row, 1)},
          {rows.number(row, 2)},
          {at(rows.number(row, 3)), at(rows.number(row, 4))},
          static_cast<int32_t>(rows.number(row, 5)),
          rows.number(row, 6),
          at(rows.number(row, 7))};
}

class postgres_live_store final : public live_store {
public:
  postgres_live_store(const postgres_settings& settings, const std::string& role) : settings_(settings), link_(settings, role) {}

  caf::expected<std::vector<gap_row>> begin_listening(const listening_start& start) override {
    auto values = fenced(start.subscription.connection, start.subscription.claim);
    values.add(start.subscription.id).add(start.edition).add(micros(start.now));
    values.add(static_cast<int64_t>(most_gaps)).add(start.account.has_value()).add_text(start.account.value_or(""));
    return read_all(link_.execute(begin_statement, values), read_gap);
  }

  caf::error end_listening(const live_subscription& subscription, instant since, const std::string& reason) override {
    auto values = fenced(subscription.connection, subscription.claim);
    values.add(subscription.id).add(micros(since)).add_text(storable_reason(reason));
    return error_of(link_.execute(end_statement, values));
  }

  caf::error hand_over_listening(const live_subscription& subscription, int64_t successor, instant until) override {
    auto values = fenced(subscription.connection, subscription.claim);
    return error_of(link_.execute(hand_over_statement, values.add(subscription.id).add(successor).add(micros(until))));
  }

  caf::expected<std::vector<swept_listener>> sweep(std::span<const sweep_order> orders) override {
    std::vector<int64_t> connections, every, until;
    for (const auto& order : orders) {
      connections.push_back(order.connection.value);
      every.push_back(order.every.count());
      until.push_back(micros(order.until));
    }
    using numbers = std::span<const int64_t>;
    parameters values;
    values.add(settings_.self.value).add(numbers{connections}).add(numbers{every}).add(numbers{until}).add_text(sweep_reason);
    return read_all(link_.execute(sweep_statement, values), [](const query_result& found, int row) {
      return swept_listener{{found.number(row, 0)}, at(found.number(row, 1))};
    });
  }

  caf::expected<int64_t> prove_health(std::span<const health_proof> proofs) override {
    std::vector<int64_t> connections, subscriptions, until;
    for (const auto& proof : proofs) {
      connections.push_back(proof.connection.value);
      subscriptions.push_back(proof.subscription);
      until.push_back(micros(proof.until));
    }
    using numbers = std::span<const int64_t>;
    parameters values;
    values.add(settings_.self.value).add(numbers{connections}).add(numbers{subscriptions}).add(numbers{until});
    auto rows = link_.execute(prove_statement, values);
    if (!rows)
      return rows.error();
    return rows->number(0, 0);
  }

  caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, size_t limit) override {
    return read_all(link_.execute(gaps_query, parameters{}.add(connection.value).add(static_cast<int64_t>(limit))), read_gap);
  }

  caf::expected<std::vector<owed_repair>> owed_repairs(instant now, size_t limit) override {
    parameters values;
    values.add(settings_.self.value).add(micros(now)).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(owed_query, values), read_owed);
  }

  caf::expected<std::optional<owed_repair>> owed_repair_of(connection_id connection) override {
    auto rows = link_.execute(owed_of_query, parameters{}.add(connection.value));
    if (!rows)
      return rows.error();
    if (rows->rows() == 0)
      return std::optional<owed_repair>{};
    return std::optional{read_owed(*rows, 0)};
  }

  caf::expected<live_counts> count_live() override {
    auto rows = link_.execute(count_live_query, parameters{}.add(settings_.self.value));
    return rows ? caf::expected<live_counts>{read_counts(*rows)} : rows.error();
  }

  caf::expected<std::vector<recheck_row>> load_rechecks(connection_id connection, std::chrono::microseconds within,
                                                        size_t limit) override {
    parameters values;
    values.add(connection.value).add(int64_t{within.count()}).add(static_cast<int64_t>(limit));
    return read_all(link_.execute(rechecks_query, values), read_recheck);
  }

  caf::expected<std::vector<connection_id>> connections_to_recheck(size_t limit) override {
    return read_all(link_.execute(to_recheck_query, parameters{}.add(settings_.self.value).add(static_cast<int64_t>(limit))),
                    [](const query_result& found, int row) { return connection_id{found.number(row, 0)}; });
  }

  caf::error postpone_rechecks(connection_id connection, const shard_claim& claim, std::span<const recheck_row> rows,
                               std::chrono::microseconds by, const std::string& reason) override {
    std::vector<int64_t> streams, epochs, counters;
    std::vector<std::string_view> keys;
    for (const auto& row : rows) {
      streams.push_back(row.stream.value);
      keys.push_back(row.key);
      epochs.push_back(row.asked.epoch);
      counters.push_back(row.asked.counter);
    }
    using numbers = std::span<const int64_t>;
    auto values = fenced(connection, claim);
    values.add(numbers{streams}).add_texts(keys).add(numbers{epochs}).add(numbers{counters}).add(int64_t{by.count()});
    values.add_text(storable_reason(reason));
    return error_of(link_.execute(postpone_statement, values));
  }

private:
  parameters fenced(connection_id connection, const shard_claim& claim) const {
    parameters out;
    out.add(settings_.self.value).add(connection.value).add(claim.shard.value).add(claim.epoch.value);
    return out;
  }

  postgres_settings settings_;
  postgres_connection link_;
};

} // namespace

std::unique_ptr<live_store> make_postgres_live_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_live_store>(settings, role);
}

} // namespace lode
