#include "runtime/storage/postgres/postgres_standing_store.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/storage/postgres/query_rows.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

/// What is graver than what a node can know (moving, paused, suspended) follows from states. In the order of connections, so that two batches cannot wait for each other.
constexpr statement put_statement{
  "put_standings",
  "INSERT INTO standing AS s (connection_id, tenant_id, shard, source_id, teller, told, told_since, told_until, rate, last_commit, detail) "
  "SELECT n.id, n.tenant_id, n.shard, n.source_id, $1::bigint, CASE WHEN w.told <= 6 THEN w.told ELSE 0 END, w.since, nullif(w.until, 0), w.rate, nullif(w.last_commit, 0), w.detail "
  "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) "
  "AS w(connection, told, since, until, rate, last_commit, detail) "
  "JOIN connection n ON n.id = w.connection AND n.state <> 3 JOIN shard h ON h.id = n.shard AND h.owner = $1::bigint ORDER BY n.id "
  "ON CONFLICT (connection_id) DO UPDATE SET teller = EXCLUDED.teller, told = EXCLUDED.told, told_since = EXCLUDED.told_since, "
  "told_until = EXCLUDED.told_until, rate = EXCLUDED.rate, last_commit = EXCLUDED.last_commit, detail = EXCLUDED.detail"};

constexpr statement end_statement{
  "end_standings",
  "WITH missed AS (SELECT n.id, n.tenant_id, n.shard, n.source_id, (extract(epoch FROM r.ended) * 1000000)::bigint AS since, r.reason "
  "FROM unnest($2::bigint[]) AS e(connection) JOIN connection n ON n.id = e.connection AND n.state <> 3 "
  "JOIN shard h ON h.id = n.shard AND h.owner = $1::bigint "
  "CROSS JOIN LATERAL (SELECT phase, ended, reason FROM run WHERE connection_id = n.id AND phase <> 0 ORDER BY id DESC LIMIT 1) r "
  "WHERE r.phase = 2 ORDER BY n.id), "
  "kept AS (INSERT INTO standing AS s (connection_id, tenant_id, shard, source_id, teller, told, told_since, detail) "
  "SELECT id, tenant_id, shard, source_id, $1::bigint, 5, since, reason FROM missed "
  "ON CONFLICT (connection_id) DO UPDATE SET teller = EXCLUDED.teller, told = 5, told_since = least(EXCLUDED.told_since, CASE s.told WHEN 5 THEN s.told_since END), "
  "told_until = NULL, rate = 0, detail = EXCLUDED.detail), "
  "mine AS (SELECT connection_id, held FROM standing WHERE connection_id = ANY ($2::bigint[]) AND teller = $1::bigint "
  "AND connection_id NOT IN (SELECT id FROM missed) ORDER BY connection_id FOR UPDATE), "
  "gone AS (DELETE FROM standing s USING mine WHERE s.connection_id = mine.connection_id AND mine.held = 0) "
  "UPDATE standing s SET teller = 0, told = 0, told_since = 0, told_until = NULL, rate = 0, detail = '' "
  "FROM mine WHERE s.connection_id = mine.connection_id AND mine.held <> 0"};

constexpr statement errors_statement{
  "add_call_errors",
  "SELECT lode_add_call_errors($1::bigint, $2::bigint, $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], "
  "$8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[])"};

constexpr int64_t kept_errors = 20;
constexpr size_t text_limit = 4096;

using numbers = std::span<const int64_t>;

int64_t micros(instant time) {
  return time.time_since_epoch().count();
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

class postgres_standing_store final : public standing_store {
public:
  postgres_standing_store(const postgres_settings& settings, const std::string& role)
    : self_(settings.self), link_(settings, role) {}

  caf::error put_standings(const std::vector<told_standing>& standings) override {
    std::map<connection_id, const told_standing*> latest;
    for (const auto& each : standings)
      latest[each.connection] = &each;
    if (latest.empty())
      return {};
    std::vector<int64_t> connections, reasons, since, until, rates, commits;
    std::vector<std::string> details;
    for (const auto& [connection, each] : latest) {
      connections.push_back(connection.value);
      reasons.push_back(static_cast<int64_t>(each->reason));
      since.push_back(micros(each->since));
      until.push_back(each->until ? micros(*each->until) : 0);
      rates.push_back(std::llround(std::clamp(each->records_per_second, 0.0, 1e12) * 1000));
      commits.push_back(each->last_commit ? micros(*each->last_commit) : 0);
      details.push_back(storable_text(each->detail, text_limit));
    }
    parameters values;
    values.add(self_.value).add(numbers{connections}).add(numbers{reasons}).add(numbers{since}).add(numbers{until});
    values.add(numbers{rates}).add(numbers{commits}).add_texts(views(details));
    return error_of(link_.execute(put_statement, values));
  }

  caf::error end_standings(const std::vector<connection_id>& connections) override {
    std::vector<int64_t> ids;
    for (auto connection : connections)
      ids.push_back(connection.value);
    return ids.empty() ? caf::error{} : error_of(link_.execute(end_statement, parameters{}.add(self_.value).add(numbers{ids})));
  }

  caf::error add_call_errors(const std::vector<call_error>& errors) override {
    if (errors.empty())
      return {};
    std::vector<int64_t> connections, streams, runs, at, statuses, attempts;
    std::vector<std::string> partitions, texts, requests, responses;
    for (const auto& each : errors) {
      connections.push_back(each.connection.value);
      streams.push_back(each.stream.value);
      runs.push_back(each.run.value);
      at.push_back(micros(each.at));
      statuses.push_back(each.status);
      attempts.push_back(each.attempt);
      partitions.push_back(storable_text(each.partition, text_limit));
      texts.push_back(storable_text(each.text, text_limit));
      requests.push_back(storable_text(each.request, text_limit));
      responses.push_back(storable_text(each.response, text_limit));
    }
    parameters values;
    values.add(self_.value).add(kept_errors).add(numbers{connections}).add(numbers{streams}).add(numbers{runs}).add(numbers{at});
    values.add(numbers{statuses}).add(numbers{attempts}).add_texts(views(partitions)).add_texts(views(texts));
    values.add_texts(views(requests)).add_texts(views(responses));
    return error_of(link_.execute(errors_statement, values));
  }

private:
  incarnation self_;
  postgres_connection link_;
};

} // namespace

std::unique_ptr<standing_store> make_postgres_standing_store(const postgres_settings& settings, const std::string& role) {
  return std::make_unique<postgres_standing_store>(settings, role);
}

} // namespace lode
