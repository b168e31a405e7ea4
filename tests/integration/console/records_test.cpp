#include <future>
#include <thread>

#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::HasSubstr;

/// acme/crm with records in "contacts", committed as a page commits them.
struct records_test : console_fixture {
  void SetUp() override {
    make_acme();
    auto runs = database.make_run_store(self);
    auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
    connection = *database.make_catalog_store()->load_connection(connection_id{1});
    claim = *std::ranges::find(*claims, connection.shard, &shard_claim::shard);
    auto run = runs->start_run({connection.id, claim, run_kind::manual, {{stream(), "", {}, ""}}, {}, {}});
    page.tenant = connection.tenant;
    page.connection = connection.id;
    page.stream = stream();
    page.shard = connection.shard;
    page.epoch = claim.epoch;
    page.move = {run->opened[0], run->run, 0, continuation_phase::open, "", ""};
  }

  stream_id stream() const { return std::ranges::find(connection.streams, "contacts", &stream_row::name)->id; }

  void commit(std::vector<record_change> changes, std::vector<dead_record> dead = {}) {
    page.changes = std::move(changes);
    page.dead = std::move(dead);
    auto outcome = pages->commit({&page, 1});
    ASSERT_EQ(outcome[0].status, commit_status::committed) << outcome[0].message;
    ++page.move.expected_version;
  }

  static record_change inserted(const std::string& key, const std::string& payload) {
    return {change_kind::inserted, key, payload, {1, 2}, {0, 1, 1}};
  }

  std::vector<std::string> lines_of(const std::string& query) {
    auto reply = client().call("GET", crm + "/streams/contacts/records" + query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_TRUE(reply.is_complete);
    std::vector<std::string> out;
    std::istringstream text{reply.body};
    for (std::string line; std::getline(text, line);)
      out.push_back(line);
    return out;
  }

  connection_row connection;
  shard_claim claim;
  page_commit page;
  std::unique_ptr<page_store> pages = database.make_page_store(self);
};

TEST_F(records_test, records_come_as_lines_in_key_order_with_the_payload_as_it_was) {
  commit({inserted("b", "{\"n\": 1.50,\n \"x\":2}"), inserted("a", "{}")});
  auto lines = lines_of("");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("\"key\":\"a\""));
  EXPECT_THAT(lines[1], HasSubstr("\"record\":{\"n\": 1.50,  \"x\":2}"));
}

TEST_F(records_test, a_long_download_comes_in_chunks_and_complete) {
  std::vector<record_change> many;
  for (int i = 0; i < 1'234; ++i)
    many.push_back(inserted("k" + std::to_string(10'000 + i), "{}"));
  commit(std::move(many));
  EXPECT_EQ(lines_of("").size(), 1'234u);
  EXPECT_EQ(lines_of("?limit=700").size(), 700u);
  auto rest = lines_of("?after=k11232");
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_THAT(rest[0], HasSubstr("k11233"));
}

TEST_F(records_test, an_unknown_stream_is_not_found) {
  expect(404, "GET", crm + "/streams/nothing/records");
  expect(400, "GET", crm + "/streams/contacts/records?limit=0");
}

TEST_F(records_test, changes_are_read_in_order_from_a_cursor) {
  commit({inserted("a", "{}"), inserted("b", "{}")});
  auto first = expect(200, "GET", "/api/v1/tenants/acme/changes?limit=1");
  EXPECT_EQ(first.at("changes").at(0).at("key"), json::value("a"));
  EXPECT_EQ(first.at("changes").at(0).at("stream"), json::value("contacts"));
  EXPECT_EQ(first.at("more"), json::value(true));
  auto next = std::string{first.at("next").as_string()};
  auto second = expect(200, "GET", "/api/v1/tenants/acme/changes?after=" + next);
  ASSERT_EQ(second.at("changes").as_array().size(), 1u);
  EXPECT_EQ(second.at("changes").at(0).at("key"), json::value("b"));
  EXPECT_EQ(second.at("more"), json::value(false));
  auto end = std::string{second.at("next").as_string()};
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants/acme/changes?after=" + end).at("changes").as_array().size(), 0u);
  expect(400, "GET", "/api/v1/tenants/acme/changes?after=nonsense");
}

TEST_F(records_test, readers_that_wait_get_the_next_change_and_hold_up_nobody) {
  settings.threads = 1;
  server.reset();
  start();
  commit({inserted("a", "{}")});
  auto now = std::string{expect(200, "GET", "/api/v1/tenants/acme/changes?after=now").at("next").as_string()};
  std::vector<std::future<api_reply>> readers;
  for (int i = 0; i < 5; ++i)
    readers.push_back(std::async(std::launch::async, [this, now] {
      return client().call("GET", "/api/v1/tenants/acme/changes?wait=30&after=" + now);
    }));
  for (int i = 0; i < 20; ++i)
    expect(200, "GET", "/api/v1/tenants/acme/changes");
  commit({inserted("b", "{}")});
  for (auto& reader : readers) {
    auto answer = json::parse(reader.get().body);
    ASSERT_EQ(answer.at("changes").as_array().size(), 1u);
    EXPECT_EQ(answer.at("changes").at(0).at("key"), json::value("b"));
  }
}

TEST_F(records_test, a_wait_that_brings_nothing_ends_with_a_cursor_to_go_on_from) {
  commit({inserted("a", "{}")});
  auto empty = expect(200, "GET", "/api/v1/tenants/acme/changes?after=now&wait=1");
  EXPECT_EQ(empty.at("changes").as_array().size(), 0u);
  EXPECT_EQ(empty.at("more"), json::value(false));
  commit({inserted("b", "{}")});
  auto next = expect(200, "GET", "/api/v1/tenants/acme/changes?wait=30&after=" + std::string{empty.at("next").as_string()});
  EXPECT_EQ(next.at("changes").at(0).at("key"), json::value("b"));
  EXPECT_THAT(error_text(expect(400, "GET", "/api/v1/tenants/acme/changes?wait=31")), HasSubstr("1 to 30"));
}

TEST_F(records_test, a_request_behind_one_that_waits_on_its_connection_is_answered_too) {
  auto many = std::string{};
  for (auto path : {"/api/v1/tenants/acme/changes?after=now&wait=1", "/healthz"})
    many += "GET " + std::string{path} + " HTTP/1.1\r\nHost: " + server->address() + "\r\n"
            + (std::string_view{path} == "/healthz" ? "Connection: close\r\n\r\n" : "\r\n");
  auto answers = raw(many);
  EXPECT_THAT(answers, HasSubstr("\"changes\":[]"));
  EXPECT_THAT(answers, HasSubstr("ok\n"));
}

TEST_F(records_test, the_server_stops_while_readers_wait) {
  commit({inserted("a", "{}")});
  auto reader = std::async(std::launch::async, [address = server->address()] {
    return api_client{address, {}}.call("GET", "/api/v1/tenants/acme/changes?after=now&wait=30");
  });
  for (int i = 0; i < 20; ++i)
    expect(200, "GET", "/healthz");
  server.reset();
  EXPECT_NE(reader.get().status, 500);
}

TEST_F(records_test, changes_of_other_tenants_are_not_shown) {
  commit({inserted("a", "{}")});
  expect(201, "POST", "/api/v1/tenants", R"({"name":"other"})");
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants/other/changes").at("changes").as_array().size(), 0u);
}

TEST_F(records_test, dead_letters_are_listed_without_secrets) {
  commit({}, {{"k1", "{\"access_token\":\"hunter2\"}", "has no id"}});
  auto answer = expect(200, "GET", "/api/v1/tenants/acme/dead-letters");
  const auto& letter = answer.at("dead_letters").at(0);
  EXPECT_EQ(letter.at("stream"), json::value("contacts"));
  EXPECT_EQ(letter.at("reason"), json::value("has no id"));
  EXPECT_EQ(letter.at("times"), json::value(1));
  EXPECT_EQ(letter.at("first_seen"), letter.at("last_seen"));
  EXPECT_THAT(json::serialize(answer), testing::Not(HasSubstr("hunter2")));
}
