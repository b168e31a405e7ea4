#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>

#include "runtime/cli/api_client.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_sink_store.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// A node of a program of one's own that knows one kind of sink, on a database in which records were mined before.
struct sinks_pgtest : testing::Test {
  sinks_pgtest() {
    std::filesystem::create_directories(folder);
    mine();
  }
  ~sinks_pgtest() override {
    node.reset();
    std::filesystem::remove_all(folder);
  }

  /// Two records of one page, by a life that then leaves.
  void mine() {
    const incarnation self{1001};
    const auto settings = database.settings(self);
    auto members = make_postgres_membership_store(settings, "cluster");
    auto claims = *claim_everything(*members, "miner", self);
    auto catalog = make_postgres_catalog_store(settings);
    connection_row wanted;
    wanted.name = "main";
    wanted.source = catalog->put_source("shop", "none", "v1")->id;
    wanted.streams = {{{}, "posts", 0}};
    const auto connection = *catalog->put_connection(catalog->create_tenant("acme")->id, wanted);
    const auto claim = *std::ranges::find(claims, connection.shard, &shard_claim::shard);
    run_start start;
    start.connection = connection.id;
    start.claim = claim;
    start.first = {{connection.streams.at(0).id, "", {}, "state"}};
    auto begun = *make_postgres_run_store(settings)->start_run(start);
    page_commit page;
    page.tenant = connection.tenant;
    page.connection = connection.id;
    page.stream = connection.streams.at(0).id;
    page.shard = connection.shard;
    page.epoch = claim.epoch;
    page.move = {begun.opened.at(0), begun.run, 0, continuation_phase::closed, "state", ""};
    for (const std::string key : {"a", "b"}) {
      record_change change;
      change.kind = change_kind::inserted;
      change.key = key;
      change.payload = R"({"id":")" + key + "\"}";
      change.hash = {1, 2};
      change.order = {0, 1, 1};
      page.changes.push_back(change);
    }
    ASSERT_EQ(make_postgres_page_store(settings, 0)->commit({&page, 1}).front().status, commit_status::committed);
    ASSERT_FALSE(members->leave(self));
  }

  /// `fault`: where it dies.
  void serve(const std::string& fault = "") {
    std::vector<std::string> command{LODE_PROGRAM, "serve"};
    for (const auto& setting : {"store.dsn=" + database.dsn(), "security.key=" + std::string(64, '6'),
                                std::string{"console.listen=127.0.0.1:0"}})
      command.insert(command.end(), {"--set", setting});
    std::filesystem::remove(log);
    node = std::make_unique<child_process>(command, log, std::vector<std::string>{"LODE_FAULT=" + fault});
    await(
      "the node is up",
      [&] {
        const auto said = read_file(log);
        const auto found = said.find(mark);
        return found != std::string::npos && said.find('\n', found) != std::string::npos;
      },
      std::chrono::seconds{60}, [&] { return last_lines(log); });
    const auto text = read_file(log);
    const auto at = text.find(mark) + mark.size();
    address = "http://127.0.0.1:" + text.substr(at, text.find_first_not_of("0123456789", at) - at);
  }

  json::value ask(const std::string& method, const std::string& path, const std::string& body = {},
                  const std::string& type = "application/json") {
    return json::parse(api_client{address, ""}.call(method, path, body, type).body);
  }
  void put_sink() {
    api_client{address, ""}.call("PUT", "/api/v1/sinks/file", "lines:\n  file: " + file + "\n", "application/yaml");
  }
  /// What stands in the file after a node that died at `fault` was followed by another one.
  std::string delivered_around_a_kill_at(const std::string& fault) {
    serve(fault);
    put_sink(); // it may die before it answers
    EXPECT_EQ(node->await_end(), 128 + SIGKILL) << read_file(log);
    serve();
    await_nothing_behind();
    EXPECT_EQ(node->stop(), 0) << read_file(log);
    return read_file(file);
  }
  void await_nothing_behind() {
    await(
      "nothing is behind", [&] { return ask("GET", "/api/v1/sinks/file").at("changes_behind").as_int64() == 0; },
      std::chrono::seconds{60}, [&] { return last_lines(log); });
  }

  const std::string both = "acme shop/posts 1 a {\"id\":\"a\"}\nacme shop/posts 2 b {\"id\":\"b\"}\n";
  const std::string mark = "console on http://127.0.0.1:";
  const std::string folder = testing::TempDir() + "lode-sinks-" + std::to_string(getpid());
  const std::string log = folder + "/log", file = folder + "/changes";
  test_database database;
  std::unique_ptr<child_process> node;
  std::string address;
};

TEST_F(sinks_pgtest, in_a_new_generation_no_cursor_stands_beyond_its_feed) {
  test_session session{database.dsn()};
  session.run("SET search_path = lode");
  session.run("SELECT lode_put_sink('file', 'lines', '{}', '\\x00', false)");
  // What a fail-over to a stand-by that lacked a commit leaves behind.
  session.run("INSERT INTO sink_cursor (sink_id, shard, position, holder, claim) "
              "SELECT k.id, s.id, s.feed_seq + 7, 5, 1 FROM sink k, shard s WHERE s.feed_seq > 0");
  session.run("UPDATE store SET doubt = 'it fell back'");
  EXPECT_EQ(session.number("SELECT max(position) FROM sink_cursor"), 9) << "as long as the generation lasts";
  session.run("UPDATE store SET generation = generation + 1");
  EXPECT_EQ(session.number("SELECT max(position) FROM sink_cursor"), 2);
  EXPECT_EQ(session.number("SELECT count(*) FROM sink_cursor WHERE holder <> 0"), 0);
}

TEST_F(sinks_pgtest, a_look_that_finds_nothing_to_deliver_writes_nothing) {
  const incarnation self{1002};
  auto members = make_postgres_membership_store(database.settings(self), "cluster");
  ASSERT_TRUE(claim_everything(*members, "looker", self));
  auto sinks = make_postgres_sink_store(database.settings(self));
  ASSERT_TRUE(sinks->put_sink({"file", "lines", {}, "sealed", false}));
  const auto id = sinks->active_sinks()->at(0).id;
  const auto claim = [&] { return sinks->claim({{id, 8}}, std::chrono::hours{1})->at(0); };
  test_session session{database.dsn()};
  session.run("SET search_path = lode");
  const auto writes = [&] {
    session.run("BEGIN");
    session.run("SELECT lode_claim_deliveries(1002, ARRAY[" + to_string(id)
                + "]::bigint[], ARRAY[8]::bigint[], 60000000)");
    const auto count = session.number("SELECT count(pg_current_xact_id_if_assigned()::text)");
    session.run("ROLLBACK");
    return count > 0;
  };
  EXPECT_TRUE(writes()) << "there is something to claim";
  ASSERT_FALSE(sinks->release(claim(), "the disk is full", std::chrono::hours{1}));
  EXPECT_FALSE(writes()) << "it waits";
  ASSERT_FALSE(sinks->resume_sink("file"));
  const auto held = claim();
  EXPECT_FALSE(writes()) << "it is out";
  ASSERT_FALSE(sinks->settle(held, 2, 2));
  EXPECT_FALSE(writes()) << "nothing is new";
  ASSERT_FALSE(members->leave(self));
}

TEST_F(sinks_pgtest, a_kill_between_claim_and_delivery_loses_and_repeats_nothing) {
  EXPECT_EQ(delivered_around_a_kill_at("courier.after_claim"), both);
}

TEST_F(sinks_pgtest, a_kill_between_answer_and_settlement_repeats_the_one_batch) {
  EXPECT_EQ(delivered_around_a_kill_at("courier.before_settle"), both + both);
}

TEST_F(sinks_pgtest, a_node_delivers_what_was_mined_once_and_goes_on_after_a_restart) {
  serve();
  auto refused = ask("PUT", "/api/v1/sinks/file", "lines:\n  flie: x\n", "application/yaml");
  EXPECT_THAT(json::serialize(refused.at("notes")), HasSubstr("flie"));
  EXPECT_EQ(
    ask("PUT", "/api/v1/sinks/file", "lines:\n  file: " + file + "\n", "application/yaml").at("kind").as_string(),
    "lines");
  await_nothing_behind();
  EXPECT_EQ(read_file(file), both);
  EXPECT_EQ(ask("GET", "/api/v1/sinks/file").at("delivered").as_int64(), 2);
  EXPECT_THAT(api_client(address, "").call("GET", "/metrics").body,
              HasSubstr("lode_sink_changes_delivered_total{sink_kind=\"lines\"} 2"));
  EXPECT_THAT(json::serialize(ask("GET", "/api/v1/cluster")), HasSubstr("lode.sink.lines"));
  EXPECT_EQ(node->stop(), 0) << read_file(log);
  serve();
  await_nothing_behind();
  EXPECT_EQ(read_file(file), both) << "a planned stop repeats nothing";
}

} // namespace

} // namespace lode::test
