#include <libpq-fe.h>

#include <charconv>
#include <initializer_list>

#include "tests/audit/could_not_audit.hpp"
#include "tests/audit/store.hpp"

namespace audit {

namespace {

using result_pointer = std::shared_ptr<PGresult>;

std::string_view text_at(const result_pointer& rows, int row, int column) {
  return {PQgetvalue(rows.get(), row, column), static_cast<size_t>(PQgetlength(rows.get(), row, column))};
}

int64_t number_at(const result_pointer& rows, int row, int column) {
  auto text = text_at(rows, row, column);
  int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
    throw could_not_audit{"store: expected a number in column " + std::string{PQfname(rows.get(), column)} + ", found '"
                          + std::string{text} + "'"};
  return value;
}

content_hash hash_at(const result_pointer& rows, int row, int column) {
  return {static_cast<uint64_t>(number_at(rows, row, column)), static_cast<uint64_t>(number_at(rows, row, column + 1))};
}

// The newest generation of each stream of connections that are not being erased.
constexpr auto streams_of_tenant = R"(
  SELECT DISTINCT ON (s.name) s.id, s.shard
  FROM tenant t JOIN connection c ON c.tenant_id = t.id JOIN stream s ON s.connection_id = c.id
  WHERE t.name = $1 AND t.state <> 3 AND c.state <> 3
  ORDER BY s.name, s.generation DESC, s.id DESC)";

constexpr auto rows_of_streams = R"(
  SELECT s.name, r.key, r.payload, r.hash_high, r.hash_low, r.deleted
  FROM record r JOIN stream s ON s.id = r.stream_id
  WHERE r.shard = $1 AND r.stream_id = ANY ($2::bigint[]))";

constexpr auto feed_of_streams = R"(
  SELECT s.name, e.key, f.base_seq + e.place - 1, e.high, e.low
  FROM feed f JOIN stream s ON s.id = f.stream_id,
       unnest(f.keys, f.hash_highs, f.hash_lows) WITH ORDINALITY AS e(key, high, low, place)
  WHERE f.shard = $1 AND f.stream_id = ANY ($2::bigint[]) ORDER BY 3)";

constexpr auto dead_of_streams = R"(
  SELECT s.name, d.payload FROM dead_letter d JOIN stream s ON s.id = d.stream_id
  WHERE s.shard = $1 AND d.stream_id = ANY ($2::bigint[]))";

class postgres_store : public store_reader {
public:
  explicit postgres_store(const std::string& connection) : session_(PQconnectdb(connection.c_str()), PQfinish) {
    if (PQstatus(session_.get()) != CONNECTION_OK)
      throw could_not_audit{std::string{"store: "} + PQerrorMessage(session_.get())};
  }

  uint64_t hash_seed() override {
    auto rows = ask("SELECT hash_seed FROM store", {});
    if (PQntuples(rows.get()) != 1)
      throw could_not_audit{"store: table store has " + std::to_string(PQntuples(rows.get())) + " rows, expected 1"};
    return static_cast<uint64_t>(number_at(rows, 0, 0));
  }

  std::vector<std::string> tenants() override {
    std::vector<std::string> names;
    auto rows = ask("SELECT name FROM tenant WHERE state <> 3 ORDER BY name", {});
    for (int i = 0; i < PQntuples(rows.get()); ++i)
      names.emplace_back(text_at(rows, i, 0));
    return names;
  }

  store_of_tenant read(const std::string& tenant) override {
    store_of_tenant result;
    ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {});
    auto streams = ask(streams_of_tenant, {tenant});
    std::string ids = "{";
    for (int i = 0; i < PQntuples(streams.get()); ++i)
      ids += (i > 0 ? "," : "") + std::string{text_at(streams, i, 0)};
    ids += "}";
    if (PQntuples(streams.get()) > 0)
      read_streams(std::string{text_at(streams, 0, 1)}, ids, result);
    ask("COMMIT", {});
    return result;
  }

private:
  void read_streams(const std::string& shard, const std::string& ids, store_of_tenant& result) {
    auto rows = ask(rows_of_streams, {shard, ids});
    for (int i = 0; i < PQntuples(rows.get()); ++i)
      result.rows.push_back({text_at(rows, i, 0), text_at(rows, i, 1), text_at(rows, i, 2), hash_at(rows, i, 3),
                             text_at(rows, i, 5) == "t"});
    auto feed = ask(feed_of_streams, {shard, ids});
    for (int i = 0; i < PQntuples(feed.get()); ++i)
      result.feed.push_back({text_at(feed, i, 0), text_at(feed, i, 1), number_at(feed, i, 2), hash_at(feed, i, 3)});
    auto dead = ask(dead_of_streams, {shard, ids});
    for (int i = 0; i < PQntuples(dead.get()); ++i)
      result.dead.push_back({text_at(dead, i, 0), text_at(dead, i, 1)});
    result.owner = {rows, feed, dead};
  }

  result_pointer ask(const char* statement, std::initializer_list<std::string> arguments) {
    std::vector<const char*> values;
    for (const auto& each : arguments)
      values.push_back(each.c_str());
    result_pointer result{PQexecParams(session_.get(), statement, static_cast<int>(values.size()), nullptr, values.data(),
                                       nullptr, nullptr, 0),
                          PQclear};
    auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
      throw could_not_audit{std::string{"store: "} + PQresultErrorMessage(result.get())};
    return result;
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> session_;
};

} // namespace

std::unique_ptr<store_reader> open_postgres(const std::string& connection) {
  return std::make_unique<postgres_store>(connection);
}

} // namespace audit
