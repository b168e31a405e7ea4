#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/audit/could_not_audit.hpp"
#include "tests/audit/run_audit.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

const std::string first = R"({"id":1,"price":1.10})", second = R"({"id":1,"price":2})", other = R"({"id":2,"name":"x"})";

/// A migrated database with one tenant: key 1 was served and stored twice, key 2 once. The tests break it by SQL.
struct audit_pgtest : testing::Test {
  void SetUp() override {
    auto store = audit::open_postgres(database.dsn());
    seed = store->hash_seed();
    // Written as the tables say, not through Lode: the audit reads what is there, whoever wrote it.
    sql.run("INSERT INTO tenant (id, name, shard) VALUES (7, 'acme', 300);"
            "INSERT INTO source (name, version, manifest) VALUES ('s', '1', '');"
            "INSERT INTO connection (tenant_id, shard, source_id, name) SELECT 7, 300, id, 'main' FROM source;"
            "INSERT INTO stream (tenant_id, connection_id, shard, name) SELECT 7, id, 300, 'posts' FROM connection");
    stream = std::to_string(sql.number("SELECT id FROM stream"));
    put_row("1", second);
    put_row("2", other);
    put_feed(1, {"1", "2"}, {first, other});
    put_feed(3, {"1"}, {second});
    close(mkstemp(path));
    std::ofstream{path} << truth_line("1", {first, second}) << truth_line("2", {other});
  }
  void TearDown() override { std::remove(path); }

  static std::string truth_line(const std::string& key, const std::vector<std::string>& versions) {
    std::string served;
    for (size_t i = 0; i < versions.size(); ++i)
      served += (i > 0 ? "," : "") + (R"({"version":)" + std::to_string(i)) + R"(,"record":)" + versions[i] + "}";
    return R"({"tenant":"acme","stream":"posts","key":")" + key + R"(","deleted":false,"version":0,"record":)"
           + versions.back() + R"(,"served":[)" + served + "]}\n";
  }
  audit::content_hash hash(const std::string& text) {
    audit::canonical_maker maker;
    EXPECT_TRUE(maker.make(text));
    return audit::hash_of(maker.result(), seed);
  }
  static std::string number(uint64_t word) { return std::to_string(static_cast<int64_t>(word)); }

  void put_row(const std::string& key, const std::string& text) {
    auto content = hash(text);
    sql.run("INSERT INTO record (shard, stream_id, hash_high, hash_low, order_field, order_epoch, order_counter, key, payload)"
            " VALUES (300, " + stream + ", " + number(content.high) + ", " + number(content.low) + ", 0, 1, 1, '" + key + "', '"
            + text + "') ON CONFLICT (shard, stream_id, key) DO UPDATE SET payload = EXCLUDED.payload,"
            " hash_high = EXCLUDED.hash_high, hash_low = EXCLUDED.hash_low");
  }
  void put_feed(int64_t base, const std::vector<std::string>& keys, const std::vector<std::string>& texts) {
    std::string names, highs, lows, zeros, ops;
    for (size_t i = 0; i < keys.size(); ++i) {
      auto comma = i > 0 ? "," : "";
      auto content = texts[i].empty() ? audit::content_hash{} : hash(texts[i]);
      names += comma + keys[i];
      highs += comma + number(content.high);
      lows += comma + number(content.low);
      zeros += comma + std::string{"0"};
      ops += texts[i].empty() ? "d" : "i";
    }
    sql.run("INSERT INTO feed (shard, base_seq, tenant_id, connection_id, stream_id, count, ops, keys, hash_highs, hash_lows,"
            " order_fields, order_epochs, order_counters) SELECT 300, " + std::to_string(base) + ", 7, connection_id, id, "
            + std::to_string(keys.size()) + ", '" + ops + "', '{" + names + "}', '{" + highs + "}', '{" + lows + "}', '{"
            + zeros + "}', '{" + zeros + "}', '{" + zeros + "}' FROM stream WHERE id = " + stream);
  }

  audit::report audit_store() {
    audit::audit_settings settings;
    settings.truth = path;
    settings.open_store = [this] { return audit::open_postgres(database.dsn()); };
    return audit::run_audit(settings).total;
  }
  std::vector<std::string> kinds() {
    std::vector<std::string> names;
    for (const auto& each : audit_store().defects)
      names.push_back(std::string{audit::defect_names[static_cast<size_t>(each.kind)]} + " " + each.key);
    return names;
  }

  lode::test::test_database database;
  lode::test::test_session sql{database.dsn()};
  uint64_t seed = 0;
  std::string stream;
  char path[32] = "/tmp/lode-truth.XXXXXX";
};

TEST_F(audit_pgtest, a_store_that_holds_what_was_served_is_clean) {
  auto result = audit_store();
  EXPECT_TRUE(result.is_clean());
  EXPECT_EQ(result.rows, 2);
  EXPECT_EQ(result.feed_entries, 3);
}

TEST_F(audit_pgtest, a_dropped_row_is_red) {
  sql.run("DELETE FROM record WHERE key = '2'");
  EXPECT_THAT(kinds(), ElementsAre("row_missing 2"));
}

TEST_F(audit_pgtest, an_altered_field_is_red) {
  put_row("2", R"({"id":2,"name":"y"})");
  EXPECT_THAT(kinds(), UnorderedElementsAre("row_altered 2"));
}

TEST_F(audit_pgtest, an_altered_number_text_is_red_and_so_is_a_hash_that_is_not_its_payloads) {
  sql.run("UPDATE record SET payload = '{\"id\":1,\"price\":2.0}' WHERE key = '1'");
  EXPECT_THAT(kinds(), UnorderedElementsAre("row_altered 1", "hash_wrong 1"));
}

TEST_F(audit_pgtest, a_stale_row_is_red) {
  put_row("1", first);
  EXPECT_THAT(kinds(), ElementsAre("row_stale 1"));
}

TEST_F(audit_pgtest, a_doubled_entry_is_red) {
  put_feed(4, {"1"}, {second});
  EXPECT_THAT(kinds(), ElementsAre("entry_repeated 1"));
}

TEST_F(audit_pgtest, an_entry_that_never_was_served_is_red) {
  put_feed(0, {"2"}, {R"({"id":2,"name":"q"})"});
  EXPECT_THAT(kinds(), ElementsAre("entry_unserved 2"));
}

TEST_F(audit_pgtest, swapped_entries_are_red) {
  sql.run("UPDATE feed SET base_seq = 10 WHERE base_seq = 1");
  EXPECT_THAT(kinds(), UnorderedElementsAre("entry_disordered 1", "feed_stale 1"));
}

TEST_F(audit_pgtest, a_dropped_page_of_the_feed_is_red) {
  sql.run("DELETE FROM feed WHERE base_seq = 3");
  EXPECT_THAT(kinds(), ElementsAre("feed_stale 1"));
}

TEST_F(audit_pgtest, a_deleted_key_that_is_alive_is_red_and_clean_as_a_tombstone) {
  std::ofstream{path} << truth_line("1", {first, second})
                      << R"({"tenant":"acme","stream":"posts","key":"2","deleted":true,"record":null,"served":[{"version":0,"record":)"
                      << other << "}]}\n";
  EXPECT_THAT(kinds(), ElementsAre("row_not_deleted 2"));
  sql.run("UPDATE record SET deleted = true, payload = '', hash_high = 0, hash_low = 0 WHERE key = '2'");
  put_feed(5, {"2"}, {""});
  EXPECT_TRUE(audit_store().is_clean());
}

TEST_F(audit_pgtest, a_tenant_that_the_store_lacks_has_lost_all_its_keys) {
  sql.run("UPDATE tenant SET name = 'renamed'");
  EXPECT_EQ(audit_store().lost, 2);
}

TEST_F(audit_pgtest, a_store_that_does_not_answer_is_no_result) {
  EXPECT_THROW(audit::open_postgres("host=/nowhere dbname=lode"), audit::could_not_audit);
  EXPECT_THROW(audit::open_postgres(lode::test::empty_database_dsn())->hash_seed(), audit::could_not_audit);
}

} // namespace
