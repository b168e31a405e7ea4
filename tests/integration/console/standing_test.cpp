#include "runtime/storage/postgres/postgres_admin_store.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_inspection_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_standing_store.hpp"
#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

/// What people look at over all tenants, asked of a console over a real database.
namespace lode {

using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// The node answers replays as the test says.
struct replaying_control : noting_control {
  void replay(tenant_id tenant, const std::string& id, replay_dead_letter request, std::function<void(const caf::error&)> done) override {
    note("replay " + to_string(tenant) + " " + id + " " + std::to_string(request.dead_letter));
    done(answer);
  }
  void look_for_work() override {
    noting_control::look_for_work();
    while_it_acts();
  }
  caf::error answer;
  std::function<void()> while_it_acts = [] {};
};

/// Tenant acme with connection main of source shop, on node n1, which owns all shards.
struct standing_routes : console_fixture {
  standing_routes() {
    services.node = control;
    services.open_stores = [this] {
      const auto of = [this] { return real.settings(self); };
      return console_stores{make_postgres_catalog_store(of()), make_postgres_run_store(of()), make_postgres_admin_store(of()),
                            make_postgres_membership_store(of(), "console"), make_postgres_inspection_store(of())};
    };
    services.settings = {{"store.dsn", "***", false, "where"}, {"console.listen", "127.0.0.1:7788", true, "address"}};
    EXPECT_TRUE(test::claim_everything(*make_postgres_membership_store(real.settings(self), "cluster"), "n1", self));
    expect(200, "PUT", "/api/v1/sources/shop", "streams: fine");
    expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
    expect(200, "PUT", main, R"({"source":"shop","secrets":{"api_key":"hunter2"},"schedule":null})");
    session.run("DELETE FROM audit");
    control->take();
  }

  json::value standings(const std::string& query = "") { return expect(200, "GET", "/api/v1/tenants?view=standing" + query).at("tenants"); }
  connection_id connection() { return {session.number("SELECT id FROM connection WHERE name = 'main'")}; }
  stream_id stream() { return {session.number("SELECT id FROM stream WHERE name = 'posts'")}; }
  void tell(wait_reason reason, const std::string& detail) {
    EXPECT_FALSE(told->put_standings({{connection(), reason, wall_clock() - std::chrono::minutes{90}, {}, detail, 0, {}}}));
  }

  const std::string main = "/api/v1/tenants/acme/connections/main";
  std::shared_ptr<replaying_control> control = std::make_shared<replaying_control>();
  test::test_database real;
  test::test_session session{real.dsn()};
  std::unique_ptr<standing_store> told = make_postgres_standing_store(real.settings(self));
};

TEST_F(standing_routes, a_row_says_what_a_connection_waits_for) {
  tell(wait_reason::api_slow, "orders: no answer");
  auto row = standings().at(0).as_object();
  EXPECT_EQ(row.at("name"), "acme");
  EXPECT_EQ(row.at("connection"), "main");
  EXPECT_EQ(row.at("node"), "n1");
  EXPECT_EQ(row.at("waits_for"), "api_slow");
  EXPECT_EQ(row.at("detail"), "orders: no answer");
  EXPECT_EQ(row.at("source"), "shop");
  EXPECT_EQ(row.at("state"), "active");
  EXPECT_EQ(standings("&reason=quota").as_array().size(), 0u);
  EXPECT_EQ(standings("&reason=api_slow&search=cm&source=shop&state=active&sort=rate").as_array().size(), 1u);
  expect(200, "PATCH", main, R"({"state":"paused","reason":"holidays"})");
  EXPECT_EQ(standings().at(0).at("waits_for"), "paused");
  EXPECT_EQ(standings("&state=paused").at(0).at("detail"), "holidays");
  for (auto query : {"reason=x", "state=deleting", "sort=best", "late=x", "after=x", "limit=0"})
    expect(400, "GET", std::string{"/api/v1/tenants?view=standing&"} + query);
  expect(400, "GET", "/api/v1/tenants?view=other");
}

TEST_F(standing_routes, why_says_it_in_plain_words) {
  tell(wait_reason::backing_off, "503");
  auto answer = expect(200, "GET", "/api/v1/tenants/acme/why");
  EXPECT_EQ(answer.at("tenant"), "acme");
  const auto& one = answer.at("connections").at(0);
  EXPECT_EQ(one.at("waits_for"), "backing_off");
  EXPECT_THAT(std::string{one.at("text").as_string()}, HasSubstr("1 h 30 min"));
  EXPECT_EQ(one.at("unconfirmed_deletes").as_array().size(), 0u);
  expect(404, "GET", "/api/v1/tenants/nobody/why");
  session.run("UPDATE connection SET state = 2, reason = 'posts: the API answered 401'");
  const auto helped = expect(200, "GET", "/api/v1/tenants/acme/why").at("connections").at(0);
  EXPECT_THAT(std::string{helped.at("help").as_string()}, HasSubstr("lode connection secrets acme")) << "our own words are not masked";
}

TEST_F(standing_routes, the_overview_groups_what_is_wrong) {
  expect(200, "PATCH", main, R"({"state":"paused"})");
  session.run("UPDATE connection SET state = 2, reason = '401: invalid key'");
  auto answer = expect(200, "GET", "/api/v1/overview");
  EXPECT_EQ(answer.at("store"), "ok");
  EXPECT_EQ(answer.at("waiting").at("suspended"), 1);
  EXPECT_EQ(answer.at("shards_without_node"), 0);
  EXPECT_EQ(answer.at("nodes").at(0).at("name"), "n1");
  ASSERT_EQ(answer.at("problems_total"), 1);
  const auto& problem = answer.at("problems").at(0);
  EXPECT_EQ(problem.at("severity"), "critical");
  EXPECT_EQ(problem.at("action"), "secrets");
  EXPECT_EQ(problem.at("examples").at(0).at("tenant"), "acme");
  bool is_kept = false; // one look serves a second
  for (int i = 0; i < 50 && !is_kept; ++i)
    is_kept = expect(200, "GET", "/api/v1/overview").at("as_of") == expect(200, "GET", "/api/v1/overview").at("as_of");
  EXPECT_TRUE(is_kept);
}

TEST_F(standing_routes, runs_and_dead_letters_of_all_tenants) {
  expect(202, "POST", main + "/runs", R"({"kind":"full"})");
  session.run("INSERT INTO run (tenant_id, connection_id, shard, kind, open) SELECT tenant_id, id, shard, 4, 1 FROM connection;"
              "INSERT INTO dead_letter (tenant_id, connection_id, stream_id, run_id, order_field, order_epoch, order_counter, key, payload, reason) "
              "SELECT tenant_id, connection_id, id, 1, 0, 0, 0, 'k', '{}', 'no key' FROM stream WHERE name = 'posts'");
  auto runs = expect(200, "GET", "/api/v1/runs?phase=open&kind=full&tenant=acm");
  ASSERT_EQ(runs.at("runs").as_array().size(), 1u);
  EXPECT_EQ(runs.at("runs").at(0).at("connection"), "main");
  EXPECT_TRUE(runs.at("next").is_null());
  expect(400, "GET", "/api/v1/runs?phase=lost");
  const auto run = std::to_string(runs.at("runs").at(0).at("run").as_int64());
  EXPECT_EQ(expect(200, "GET", "/api/v1/runs/" + run).at("tenant"), "acme");
  expect(200, "PATCH", main, R"({"state":"paused","reason":"holidays"})");
  for (const auto& path : {std::string{"/api/v1/runs"}, main + "/runs"})
    EXPECT_EQ(expect(200, "GET", path).at("runs").at(0).at("reason"), "its connection is paused: holidays") << path;
  EXPECT_EQ(expect(200, "GET", "/api/v1/runs/" + run).at("reason"), "its connection is paused: holidays");
  auto letters = expect(200, "GET", "/api/v1/dead-letters");
  EXPECT_EQ(letters.at("dead_letters").at(0).at("tenant"), "acme");
  EXPECT_EQ(letters.at("dead_letters").at(0).at("stream"), "posts");
}

TEST_F(standing_routes, a_dead_letter_is_read_again_by_the_node_that_has_its_tenant) {
  session.run("INSERT INTO dead_letter (tenant_id, connection_id, stream_id, run_id, order_field, order_epoch, order_counter, key, payload, reason) "
              "SELECT tenant_id, connection_id, id, 1, 0, 0, 0, 'k', '{}', 'no key' FROM stream WHERE name = 'posts'");
  const auto id = std::to_string(session.number("SELECT id FROM dead_letter"));
  control->take();
  EXPECT_EQ(expect(200, "POST", "/api/v1/dead-letters/" + id + "/replay", "", "again-1"), json::value(json::object{}));
  EXPECT_THAT(control->take(), ElementsAre("replay " + std::to_string(session.number("SELECT id FROM tenant")) + " again-1 " + id));
  control->answer = caf::make_error(errc::bad_argument, "it has no key still");
  expect(422, "POST", "/api/v1/dead-letters/" + id + "/replay");
  control->answer = caf::make_error(errc::not_found, "it is off the list");
  expect(404, "POST", "/api/v1/dead-letters/" + id + "/replay");
  expect(404, "POST", "/api/v1/dead-letters/99999/replay");
  expect(400, "POST", "/api/v1/dead-letters/x/replay");
}

TEST_F(standing_routes, shards_settings_errors_and_streams) {
  auto shards = expect(200, "GET", "/api/v1/shards");
  EXPECT_EQ(shards.at("nodes").at(0), "n1");
  EXPECT_EQ(shards.at("owners").as_array().size(), 4096u);
  EXPECT_EQ(shards.at("owners").at(4095), 0);
  EXPECT_EQ(shards.at("moves").at(0).at("to"), "n1");
  EXPECT_TRUE(shards.at("moves").at(0).at("from").is_null());
  auto settings = expect(200, "GET", "/api/v1/settings");
  EXPECT_EQ(settings.at("settings").at(0).at("value"), "***");
  ASSERT_FALSE(told->add_call_errors({{connection(), stream(), {9}, "eu", wall_clock(), 0, 4, "no answer", "GET /posts?api_key=hunter2", ""}}));
  auto error = expect(200, "GET", main + "/errors").at("errors").at(0);
  EXPECT_EQ(error.at("stream"), "posts");
  EXPECT_TRUE(error.at("status").is_null());
  EXPECT_THAT(std::string{error.at("request").as_string()}, testing::Not(HasSubstr("hunter2")));
  session.run("INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (" + to_string(stream()) + ", '', 1700000000000000)");
  auto streams = expect(200, "GET", main + "/streams").at("streams");
  ASSERT_EQ(streams.as_array().size(), 2u);
  EXPECT_EQ(streams.at(1).at("stream"), "posts");
  EXPECT_EQ(streams.at(1).at("known_up_to"), "2023-11-14T22:13:20Z");
  EXPECT_TRUE(streams.at(0).at("known_up_to").is_null());
}

TEST_F(standing_routes, a_reset_forgets_cursors_and_tells_the_node) {
  session.run("INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (" + to_string(stream()) + ", '', 5);"
              "INSERT INTO run (tenant_id, connection_id, shard, kind, open) SELECT tenant_id, id, shard, 0, 1 FROM connection;"
              "INSERT INTO continuation (id, run_id, stream_id, slice_from, slice_to, partition, state) SELECT nextval('continuation_id'), r.id, "
                + to_string(stream()) + ", 0, 0, '', '' FROM run r");
  expect(404, "POST", main + "/reset", R"({"streams":["nothing"]})");
  expect(400, "POST", main + "/reset", R"({"stream":"posts"})");
  auto answer = expect(200, "POST", main + "/reset", R"({"streams":["posts"]})");
  EXPECT_EQ(answer.at("streams").at(0), "posts");
  EXPECT_EQ(answer.at("cancelled_runs"), 1);
  EXPECT_EQ(session.number("SELECT count(*) FROM stream_cursor"), 0);
  EXPECT_EQ(session.number("SELECT count(*) FROM run WHERE phase = 3"), 1);
  EXPECT_THAT(control->take(), ElementsAre(HasSubstr("cancel"), HasSubstr("changed")));
  EXPECT_EQ(expect(200, "POST", main + "/reset").at("cancelled_runs"), 0);
}

TEST_F(standing_routes, a_backfill_of_a_span_is_asked_for_with_its_streams) {
  const std::string span = R"("from":"2024-01-01T00:00:00Z","to":"2024-02-01T00:00:00Z")";
  expect(404, "POST", main + "/runs", R"({"kind":"backfill","streams":["nothing"],)" + span + "}");
  for (std::string wrong : {R"({"kind":"full",)" + span + "}", std::string{R"({"kind":"backfill","from":"2024-01-01T00:00:00Z"})"},
                            std::string{R"({"kind":"backfill","from":"2024-02-01T00:00:00Z","to":"2024-01-01T00:00:00Z"})"},
                            std::string{R"({"kind":"backfill","from":"yesterday","to":"2024-01-01T00:00:00Z"})"}})
    expect(400, "POST", main + "/runs", wrong);
  auto answer = expect(202, "POST", main + "/runs", R"({"kind":"backfill","streams":["posts"],)" + span + "}", "fill-1");
  EXPECT_EQ(answer.at("answer"), "requested");
  EXPECT_EQ(session.number("SELECT count(*) FROM requested_run WHERE kind = 2 AND to_us - from_us = 31 * 86400000000 AND streams[1] = " + to_string(stream())), 1);
  expect(409, "POST", main + "/runs", R"({"kind":"backfill","from":"2024-01-01T00:00:00Z","to":"2024-03-01T00:00:00Z"})");
}

TEST_F(standing_routes, whatever_changes_something_is_in_the_trail) {
  expect(200, "PATCH", main, R"({"state":"paused"})");
  expect(404, "PATCH", "/api/v1/tenants/nobody", R"({"state":"paused"})");
  expect(200, "GET", "/api/v1/tenants/acme");
  auto entries = expect(200, "GET", "/api/v1/audit").at("entries");
  ASSERT_EQ(entries.as_array().size(), 2u);
  EXPECT_EQ(entries.at(0).at("tenant"), "nobody");
  EXPECT_EQ(entries.at(0).at("status"), 404);
  EXPECT_EQ(entries.at(1).at("connection"), "main");
  EXPECT_EQ(entries.at(1).at("who"), "loopback");
  EXPECT_EQ(entries.at(1).at("node"), "n1");
  EXPECT_EQ(expect(200, "GET", "/api/v1/audit?tenant=acme").at("entries").as_array().size(), 1u);
}

TEST_F(standing_routes, the_trail_has_a_change_before_it_is_made) {
  int64_t stood = 0;
  control->while_it_acts = [&] { stood = session.number("SELECT count(*) FROM audit WHERE path LIKE '%/runs' AND status = 0"); };
  expect(202, "POST", main + "/runs", R"({"kind":"manual"})");
  EXPECT_EQ(stood, 1);
  EXPECT_EQ(expect(200, "GET", "/api/v1/audit").at("entries").at(0).at("status"), 202);
  session.run("UPDATE audit SET status = 0");
  EXPECT_TRUE(expect(200, "GET", "/api/v1/audit").at("entries").at(0).at("status").is_null()) << "the node ended over it";
}

} // namespace

} // namespace lode
