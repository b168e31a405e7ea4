#include <optional>

#include "runtime/storage/postgres/postgres_admin_store.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/postgres/postgres_live_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_sink_store.hpp"
#include "runtime/storage/postgres/postgres_standing_store.hpp"
#include "runtime/storage/postgres/postgres_upkeep_store.hpp"
#include "tests/contract/storage/storage_contract.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/postgres_proxy.hpp"

namespace lode::test {

namespace {

/// `WHERE` conditions that name what belongs to a tenant, by the column that says so.
std::string condition_for(const std::string& table, const std::string& column, const std::string& tenant) {
  const auto connections = "(SELECT id FROM remembered WHERE kind = 'connection')";
  if (column == "tenant_id" || (table == "tenant" && column == "id"))
    return column + " = " + tenant;
  if (column == "connection_id" || (table == "connection" && column == "id"))
    return column + " IN " + connections;
  if (column == "stream_id")
    return "stream_id IN (SELECT id FROM remembered WHERE kind = 'stream')";
  if (column == "run_id")
    return "run_id IN (SELECT id FROM remembered WHERE kind = 'run')";
  return "";
}

class postgres_storage final : public storage_backend {
public:
  postgres_storage() : session_(database_.dsn()) {}

  std::unique_ptr<page_store> make_page_store(incarnation self, int64_t number) override {
    return make_postgres_page_store(database_.settings(self), number);
  }
  std::unique_ptr<run_store> make_run_store(incarnation self) override {
    return make_postgres_run_store(database_.settings(self));
  }
  std::unique_ptr<catalog_store> make_catalog_store() override {
    return make_postgres_catalog_store(database_.settings({1}));
  }
  std::unique_ptr<admin_store> make_admin_store() override { return make_postgres_admin_store(database_.settings({1})); }
  std::unique_ptr<upkeep_store> make_upkeep_store() override {
    return make_postgres_upkeep_store(database_.settings({1}));
  }
  std::unique_ptr<generation_store> make_generation_store() override {
    return make_postgres_generation_store(database_.settings({}));
  }
  std::unique_ptr<membership_store> make_membership_store(incarnation self) override {
    return make_postgres_membership_store(database_.settings(self), "cluster");
  }
  std::unique_ptr<live_store> make_live_store(incarnation self) override {
    return make_postgres_live_store(database_.settings(self));
  }
  std::unique_ptr<standing_store> make_standing_store(incarnation self) override {
    return make_postgres_standing_store(database_.settings(self));
  }
  std::unique_ptr<sink_store> make_sink_store(incarnation self) override { return make_postgres_sink_store(database_.settings(self)); }
  std::unique_ptr<page_store> make_breakable_page_store(incarnation self, int64_t number) override {
    proxy_.emplace(database_.dsn());
    auto settings = database_.settings(self);
    settings.dsn = proxy_->dsn();
    return make_postgres_page_store(settings, number);
  }
  void break_next_commit(bool is_done) override {
    proxy_->arm(is_done ? postgres_proxy::cut::reply : postgres_proxy::cut::request);
  }
  void poison(const std::string& key) override {
    session_.run("ALTER TABLE lode.record ADD CONSTRAINT poison CHECK (key <> '" + key + "')");
  }

  void close_behind_its_run(continuation_id continuation) override {
    session_.run("UPDATE continuation SET phase = 1 WHERE id = " + to_string(continuation));
  }

  void trim_feed(shard_id shard, int64_t upto) override {
    session_.run("BEGIN; UPDATE shard SET feed_trimmed = " + std::to_string(upto) + " WHERE id = " + to_string(shard)
                 + "; DELETE FROM feed WHERE shard = " + to_string(shard) + " AND base_seq + count - 1 <= " + std::to_string(upto) + "; COMMIT");
  }

  std::function<int64_t()> row_counter(tenant_id tenant) override {
    const auto id = to_string(tenant);
    session_.run("CREATE TEMP TABLE remembered AS "
                 "SELECT 'connection' AS kind, id FROM connection WHERE tenant_id = " + id
                 + " UNION ALL SELECT 'stream', id FROM stream WHERE tenant_id = " + id
                 + " UNION ALL SELECT 'run', id FROM run WHERE tenant_id = " + id);
    return [this, id] { return count_rows(id); };
  }

  int64_t dead_letters(stream_id stream) override {
    return session_.number("SELECT count(*) FROM dead_letter WHERE stream_id = " + to_string(stream));
  }

  std::vector<told_standing> standings() override {
    auto rows = session_.link().execute({"standings", "SELECT s.connection_id, s.told, s.told_since, s.told_until, s.detail, s.rate, s.last_commit "
                                                      "FROM standing s JOIN shard h ON h.id = s.shard AND h.owner = s.teller ORDER BY 1"});
    std::vector<told_standing> out;
    for (int row = 0; row < rows->rows(); ++row) {
      auto time = [&](int column) { return instant{std::chrono::microseconds{rows->number(row, column)}}; };
      told_standing each{{rows->number(row, 0)}, static_cast<wait_reason>(rows->number(row, 1)), time(2)};
      if (!rows->is_null(row, 3))
        each.until = time(3);
      each.detail = rows->string(row, 4);
      each.records_per_second = static_cast<double>(rows->number(row, 5)) / 1000;
      if (!rows->is_null(row, 6))
        each.last_commit = time(6);
      out.push_back(each);
    }
    return out;
  }

  std::vector<call_error> call_errors(connection_id connection) override {
    auto rows = session_.link().execute({"call_errors", "SELECT connection_id, stream_id, run_id, partition, at_us, status, attempt, words, request, "
                                                        "response FROM call_error WHERE connection_id = $1::bigint ORDER BY id DESC"},
                                        parameters{}.add(connection.value));
    std::vector<call_error> out;
    for (int row = 0; row < rows->rows(); ++row)
      out.push_back({{rows->number(row, 0)}, {rows->number(row, 1)}, {rows->number(row, 2)}, rows->string(row, 3),
                     instant{std::chrono::microseconds{rows->number(row, 4)}}, static_cast<int>(rows->number(row, 5)), rows->number(row, 6),
                     rows->string(row, 7), rows->string(row, 8), rows->string(row, 9)});
    return out;
  }

private:
  int64_t count_rows(const std::string& tenant) {
    auto columns = session_.link().execute(
      {"columns", "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c "
                  "JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = 'lode'::regnamespace "
                  "AND NOT t.relispartition WHERE c.table_schema = 'lode'"});
    int64_t out = 0;
    for (int row = 0; row < columns->rows(); ++row) {
      const auto table = columns->string(row, 0);
      auto condition = condition_for(table, columns->string(row, 1), tenant);
      if (!condition.empty())
        out += session_.number("SELECT count(*) FROM lode." + table + " WHERE " + condition);
    }
    return out;
  }

  test_database database_;
  test_session session_;
  std::optional<postgres_proxy> proxy_;
};

} // namespace

backend_factory postgres_backend() {
  return {"postgres", []() -> std::unique_ptr<storage_backend> { return std::make_unique<postgres_storage>(); }};
}

} // namespace lode::test
