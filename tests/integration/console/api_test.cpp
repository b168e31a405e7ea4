#include "runtime/telemetry/trace_id.hpp"
#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct api_test : console_fixture {};

TEST_F(api_test, tenants_are_created_listed_in_pages_shown_and_paused) {
  for (auto name : {"a", "b", "c"})
    expect(201, "POST", "/api/v1/tenants", std::string{R"({"name":")"} + name + "\"}");
  auto first = expect(200, "GET", "/api/v1/tenants?limit=2");
  EXPECT_EQ(first.at("tenants").as_array().size(), 2u);
  EXPECT_EQ(first.at("next"), json::value("b"));
  auto last = expect(200, "GET", "/api/v1/tenants?limit=2&after=b");
  EXPECT_EQ(last.at("tenants").at(0).at("name"), json::value("c"));
  EXPECT_TRUE(last.at("next").is_null());
  EXPECT_EQ(expect(200, "PATCH", "/api/v1/tenants/a", R"({"state":"paused","reason":"asked"})").at("state"), json::value("paused"));
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants/a").at("reason"), json::value("asked"));
}

TEST_F(api_test, a_name_that_is_taken_is_a_conflict_and_a_bad_one_is_refused) {
  expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
  expect(409, "POST", "/api/v1/tenants", R"({"name":"acme"})");
  expect(400, "POST", "/api/v1/tenants", R"({"name":""})");
  expect(400, "POST", "/api/v1/tenants", R"({"name":"a\nb"})");
  expect(400, "POST", "/api/v1/tenants", "not json");
  expect(404, "GET", "/api/v1/tenants/nobody");
}

TEST_F(api_test, a_removed_tenant_is_erased_and_its_name_is_free) {
  make_acme();
  auto answer = expect(200, "DELETE", "/api/v1/tenants/acme");
  EXPECT_GT(answer.at("erased_rows").as_int64(), 0);
  EXPECT_EQ(database.rows_of(tenant_id{1}), 0u);
  EXPECT_THAT(node->take(), ElementsAre("changed 1 0"));
  expect(404, "GET", "/api/v1/tenants/acme");
  expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
}

TEST_F(api_test, secrets_go_in_sealed_and_never_come_out) {
  make_acme();
  auto stored = database.make_catalog_store()->load_connection(connection_id{1});
  ASSERT_TRUE(stored);
  EXPECT_THAT(stored->sealed_secrets, testing::StartsWith("sealed:"));
  for (const auto& path : {crm, std::string{"/api/v1/tenants/acme/connections"}, crm + "/state"})
    EXPECT_THAT(client().call("GET", path).body, Not(HasSubstr("hunter2"))) << path;
  EXPECT_EQ(expect(200, "GET", crm).at("secrets").at("api_key"), json::value("***"));
}

TEST_F(api_test, secrets_are_replaced_and_stay_when_a_change_names_none) {
  make_acme();
  expect(200, "PUT", crm, R"({"source":"api","configuration":{"page_size":5}})");
  EXPECT_TRUE(expect(200, "GET", crm).at("secrets").as_object().contains("api_key"));
  auto answer = expect(200, "PUT", crm + "/secrets", R"({"token":"swordfish"})");
  EXPECT_EQ(json::serialize(answer.at("secrets")), R"({"token":"***"})");
  expect(400, "PUT", crm + "/secrets", R"(["swordfish"])");
}

TEST_F(api_test, a_secret_in_the_configuration_is_refused_by_name) {
  make_acme();
  for (auto configuration : {R"({"api_key":"hunter2"})", R"({"start_word":"hunter2"})", R"({"auth":{"password":"hunter2"}})"}) {
    auto answer = expect(400, "PUT", crm, std::string{R"({"source":"api","configuration":)"} + configuration + "}");
    EXPECT_THAT(error_text(answer), HasSubstr("is or holds a secret"));
    EXPECT_THAT(error_text(answer), Not(HasSubstr("hunter2")));
  }
}

const char* const with_spec = "streams: fine\nspec: " R"({"required":["base_url","api_key"],"properties":{"base_url":{"type":"string"},
  "api_key":{"type":"string","airbyte_secret":true}}})";

TEST_F(api_test, a_connection_is_checked_against_the_spec_of_its_source_and_all_mistakes_are_told) {
  expect(200, "PUT", "/api/v1/sources/api", with_spec);
  expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
  auto told = error_text(expect(400, "PUT", crm, R"({"source":"api","configuration":{"base_url":1,"base_ulr":"x"},"streams":["contact"]})"));
  EXPECT_THAT(told, AllOf(HasSubstr("did you mean contacts?"), HasSubstr("configuration: base_url is a number, expected a text"),
                          HasSubstr("base_ulr is not declared"), HasSubstr("secrets: api_key is missing")));
  expect(404, "GET", crm);
  expect(200, "PUT", crm, R"({"source":"api","configuration":{"base_url":"x"},"secrets":{"api_key":"hunter2"}})");
  expect(200, "PUT", crm, R"({"source":"api","configuration":{"base_url":"y"}})");
}

TEST_F(api_test, a_line_of_an_import_is_checked_against_the_spec) {
  expect(200, "PUT", "/api/v1/sources/api", with_spec);
  auto told = expect(200, "POST", "/api/v1/import", R"({"tenant":"a","connection":"x","source":"api","secrets":{"api_key":"hunter2"}}
{"tenant":"a","connection":"y","source":"api","configuration":{"base_url":"x"},"secrets":{"api_key":"hunter2"}})");
  EXPECT_EQ(told.at("connections"), json::value(1));
  EXPECT_THAT(json::serialize(told.at("errors")), AllOf(HasSubstr("configuration: base_url is missing"), Not(HasSubstr("hunter2"))));
}

TEST_F(api_test, secrets_that_the_spec_does_not_declare_leave_the_good_ones_in_place) {
  expect(200, "PUT", "/api/v1/sources/api", with_spec);
  expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
  expect(200, "PUT", crm, R"({"source":"api","configuration":{"base_url":"x"},"secrets":{"api_key":"hunter2"}})");
  auto told = error_text(expect(400, "PUT", crm + "/secrets", R"({"api_kye":"swordfish"})"));
  EXPECT_THAT(told, AllOf(HasSubstr("did you mean \"api_key\"?"), HasSubstr("secrets: api_key is missing"), Not(HasSubstr("swordfish"))));
  EXPECT_TRUE(expect(200, "GET", crm).at("secrets").as_object().contains("api_key"));
  expect(200, "PUT", crm + "/secrets", R"({"api_key":"swordfish"})");
}

TEST_F(api_test, a_connection_is_checked_against_its_source) {
  make_acme();
  expect(404, "PUT", crm, R"({"source":"nothing"})");
  EXPECT_THAT(error_text(expect(400, "PUT", crm, R"({"source":"api","streams":["contact"]})")), HasSubstr("did you mean contacts?"));
  EXPECT_THAT(error_text(expect(400, "PUT", crm, R"({"source":"api","shedule":{}})")), HasSubstr("did you mean \"schedule\"?"));
  expect(400, "PUT", crm, R"({"source":"api","schedule":{"evry":"1m"}})");
  auto chosen = expect(200, "PUT", crm, R"({"source":"api","streams":["posts"]})");
  EXPECT_EQ(json::serialize(chosen.at("streams")), R"(["posts"])");
}

TEST_F(api_test, the_priority_of_a_schedule_is_that_of_its_connection) {
  make_acme();
  auto catalog = database.make_catalog_store();
  const auto priority = [&] { return catalog->load_connection(connection_id{1})->priority; };
  EXPECT_EQ(priority(), urgency::normal);
  expect(200, "PUT", crm, R"({"source":"api","schedule":{"every":"1m","priority":"urgent"}})");
  EXPECT_EQ(priority(), urgency::high);
  expect(200, "PUT", crm, R"({"source":"api","schedule":null})");
  EXPECT_EQ(priority(), urgency::normal);
}

TEST_F(api_test, a_new_connection_is_due_at_once_and_an_unchanged_one_is_left_alone) {
  make_acme();
  auto runs = database.make_run_store(self);
  ASSERT_TRUE(lode::test::claim_everything(*database.make_membership_store(self), "n1", self));
  auto far = instant{std::chrono::hours{24 * 365 * 200}};
  ASSERT_EQ(runs->load_due(far, 10)->size(), 1u);
  ASSERT_FALSE(runs->set_due(connection_id{1}, far, run_kind::scheduled));
  expect(200, "PUT", crm, R"({"source":"api"})");
  EXPECT_EQ(runs->load_due(far, 10)->at(0).due, far);
  expect(200, "PUT", crm, R"({"source":"api","schedule":null})");
  EXPECT_THAT(*runs->load_due(far, 10), IsEmpty());
}

TEST_F(api_test, a_connection_is_due_when_its_schedule_says_and_never_by_itself_when_it_is_manual) {
  make_acme();
  auto runs = database.make_run_store(self);
  ASSERT_TRUE(lode::test::claim_everything(*database.make_membership_store(self), "n1", self));
  const auto due = [&] { return runs->load_due(instant{std::chrono::hours{1'000'000}}, 10)->size(); };
  EXPECT_EQ(due(), 1u);
  expect(200, "PUT", crm, R"({"source":"api","schedule":{"manual":true}})");
  EXPECT_EQ(due(), 0u);
}

TEST_F(api_test, a_new_connection_interrupts_nothing_and_one_that_is_put_again_is_a_change) {
  make_acme();
  node->take();
  const std::string other = "/api/v1/tenants/acme/connections/other";
  expect(200, "PUT", other, R"({"source":"api"})");
  EXPECT_THAT(node->take(), ElementsAre("added 1 2"));
  expect(200, "PUT", other, R"({"source":"api"})");
  EXPECT_THAT(node->take(), ElementsAre("changed 1 2"));
}

TEST_F(api_test, connections_are_paused_resumed_and_removed_and_the_node_is_told) {
  make_acme();
  EXPECT_EQ(expect(200, "PATCH", crm, R"({"state":"paused"})").at("state"), json::value("paused"));
  EXPECT_EQ(expect(200, "PATCH", crm, R"({"state":"active"})").at("state"), json::value("active"));
  expect(400, "PATCH", crm, R"({"state":"deleting"})");
  EXPECT_THAT(node->take(), ElementsAre("changed 1 1", "changed 1 1"));
  expect(200, "DELETE", crm);
  expect(404, "GET", crm);
}

TEST_F(api_test, a_source_says_what_a_put_did_and_who_uses_it_and_goes_when_nobody_does) {
  EXPECT_EQ(expect(200, "PUT", "/api/v1/sources/api", "fine").at("stored"), json::value("new"));
  EXPECT_EQ(expect(200, "PUT", "/api/v1/sources/api", "fine").at("stored"), json::value("unchanged"));
  make_acme();
  const auto changed = expect(200, "PUT", "/api/v1/sources/api", "fine, too");
  EXPECT_EQ(changed.at("stored"), json::value("changed"));
  EXPECT_EQ(changed.at("connections"), json::value(1));
  EXPECT_EQ(expect(200, "GET", "/api/v1/sources").at("sources").at(0).at("connections"), json::value(1));
  EXPECT_EQ(expect(200, "GET", "/api/v1/sources/api").at("connections"), json::value(1));
  expect(409, "DELETE", "/api/v1/sources/api");
  expect(200, "PUT", "/api/v1/sources/spare", "fine");
  expect(200, "DELETE", "/api/v1/sources/spare");
  expect(404, "GET", "/api/v1/sources/spare");
  expect(404, "DELETE", "/api/v1/sources/spare");
}

TEST_F(api_test, a_broken_source_is_refused_with_its_notes) {
  auto answer = expect(422, "PUT", "/api/v1/sources/api", "broken");
  EXPECT_EQ(answer.at("notes").at(0).at("line"), json::value(3));
  EXPECT_EQ(json::serialize(expect(200, "GET", "/api/v1/sources").at("sources")), "[]");
  expect(404, "GET", "/api/v1/sources/api");
  expect(200, "PUT", "/api/v1/sources/api", "fine");
  EXPECT_EQ(expect(200, "GET", "/api/v1/sources/api").at("manifest"), json::value("fine"));
}

TEST_F(api_test, a_run_is_requested_durably_unless_the_connection_is_stopped) {
  make_acme();
  auto runs = database.make_run_store(self);
  ASSERT_TRUE(lode::test::claim_everything(*database.make_membership_store(self), "n1", self));
  const auto requested = [&] { return runs->load_due(instant{}, 10)->at(0).kind; };
  EXPECT_EQ(expect(202, "POST", crm + "/runs", R"({"kind":"full"})").at("answer"), json::value("requested"));
  EXPECT_EQ(requested(), run_kind::full);
  EXPECT_EQ(expect(202, "POST", crm + "/runs").at("answer"), json::value("requested"));
  EXPECT_EQ(requested(), run_kind::manual);
  EXPECT_THAT(node->take(), ElementsAre("look", "look"));
  expect(400, "POST", crm + "/runs", R"({"kind":"scheduled"})");
  expect(200, "PATCH", crm, R"({"state":"paused","reason":"lunch"})");
  EXPECT_THAT(error_text(expect(409, "POST", crm + "/runs")), HasSubstr("crm is paused: lunch"));
}

TEST_F(api_test, a_second_request_for_a_run_says_what_stands_there) {
  make_acme();
  expect(202, "POST", crm + "/runs");
  EXPECT_EQ(expect(202, "POST", crm + "/runs").at("answer"), json::value("already_requested"));
  auto runs = database.make_run_store(self);
  auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
  auto connection = database.make_catalog_store()->load_connection(connection_id{1});
  auto claim = std::ranges::find(*claims, connection->shard, &shard_claim::shard);
  ASSERT_TRUE(runs->start_run({connection->id, *claim, run_kind::manual, {{connection->streams[0].id, "", {}, ""}}, {}, {}}));
  auto open = expect(200, "POST", crm + "/runs");
  EXPECT_EQ(open.at("answer"), json::value("already_open"));
  EXPECT_EQ(open.at("run"), json::value(1));
}

TEST_F(api_test, what_is_asked_for_again_under_its_id_is_answered_as_the_first_time) {
  make_acme();
  auto made = expect(202, "POST", crm + "/runs");
  EXPECT_EQ(made.at("command").as_string().size(), 32u) << "an id that is made for those who bring none";
  auto mine = expect(202, "POST", crm + "/runs", R"({"kind":"full"})", "mine");
  EXPECT_EQ(mine.at("command"), json::value("mine"));
  auto runs = database.make_run_store(self);
  auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
  auto connection = database.make_catalog_store()->load_connection(connection_id{1});
  auto claim = std::ranges::find(*claims, connection->shard, &shard_claim::shard);
  auto run = runs->start_run({connection->id, *claim, run_kind::full, {{connection->streams[0].id, "", {}, ""}}, {}, {}});
  ASSERT_TRUE(run);
  const auto cancel = "/api/v1/runs/" + to_string(run->run) + "/cancel";
  EXPECT_EQ(expect(200, "POST", cancel, R"({"reason":"wrong"})", "end").at("command"), json::value("end"));
  EXPECT_EQ(expect(200, "POST", cancel, R"({"reason":"wrong"})", "end").at("phase"), json::value("cancelled"));
  expect(409, "POST", cancel, {}, "another end");
  expect(409, "POST", crm + "/runs", R"({"kind":"repair"})", "mine");
  expect(400, "POST", crm + "/runs", {}, std::string(65, 'x'));
  expect(200, "PATCH", crm, R"({"state":"paused"})");
  EXPECT_EQ(expect(202, "POST", crm + "/runs", R"({"kind":"full"})", "mine").at("answer"), json::value("requested"))
    << "it ran, was cancelled, and the connection is paused: this was answered before all that";
  EXPECT_FALSE(expect(200, "GET", "/api/v1/runs/" + to_string(run->run)).as_object().contains("command"));
}

TEST_F(api_test, a_run_of_a_paused_tenant_is_not_accepted) {
  make_acme();
  expect(200, "PATCH", "/api/v1/tenants/acme", R"({"state":"paused"})");
  EXPECT_THAT(error_text(expect(409, "POST", crm + "/runs")), HasSubstr("is not active"));
}

TEST_F(api_test, runs_are_listed_shown_and_cancelled) {
  make_acme();
  auto runs = database.make_run_store(self);
  auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
  auto connection = database.make_catalog_store()->load_connection(connection_id{1});
  auto claim = std::ranges::find(*claims, connection->shard, &shard_claim::shard);
  ASSERT_TRUE(runs->start_run({connection->id, *claim, run_kind::manual, {{connection->streams[0].id, "", {}, ""}}, {}, {}}));
  EXPECT_EQ(expect(200, "GET", crm + "/runs").at("runs").at(0).at("kind"), json::value("manual"));
  auto shown = expect(200, "GET", "/api/v1/runs/1");
  EXPECT_EQ(shown.at("tenant"), json::value("acme"));
  EXPECT_EQ(shown.at("phase"), json::value("open"));
  auto generation = database.make_catalog_store()->store_generation();
  EXPECT_EQ(std::string{shown.at("trace").as_string()}, trace_id_of(*generation, run_id{1})) << "as in the log";
  EXPECT_EQ(expect(200, "POST", "/api/v1/runs/1/cancel", R"({"reason":"wrong"})").at("phase"), json::value("cancelled"));
  EXPECT_THAT(node->take(), ElementsAre("cancel 1"));
  expect(409, "POST", "/api/v1/runs/1/cancel");
  expect(404, "GET", "/api/v1/runs/99");
  expect(400, "GET", "/api/v1/runs/x");
}

TEST_F(api_test, the_status_counts_states_and_names_what_is_stopped) {
  make_acme();
  ASSERT_FALSE(database.make_catalog_store()->set_connection_state(connection_id{1}, activity::suspended, "the token is dead"));
  auto status = expect(200, "GET", "/api/v1/status");
  EXPECT_EQ(status.at("node").at("waiting_for_quota"), json::value(3));
  EXPECT_EQ(status.at("tenants").at("active"), json::value(1));
  EXPECT_EQ(status.at("connections").at("suspended"), json::value(1));
  EXPECT_EQ(status.at("stopped").at(0).at("reason"), json::value("the token is dead"));
}

TEST_F(api_test, the_status_says_how_many_are_stopped_beyond_those_that_it_lists) {
  make_acme();
  expect(200, "PUT", "/api/v1/tenants/acme/connections/shop", R"({"source":"api"})");
  expect(200, "PATCH", "/api/v1/tenants/acme", R"({"state":"paused","reason":"unpaid"})");
  auto status = expect(200, "GET", "/api/v1/status?stopped=1");
  EXPECT_EQ(status.at("stopped").as_array().size(), 1u);
  EXPECT_EQ(status.at("stopped_total"), json::value(2));
  EXPECT_EQ(expect(200, "GET", "/api/v1/status").at("stopped").as_array().size(), 2u);
  expect(400, "GET", "/api/v1/status?stopped=0");
}

TEST_F(api_test, a_status_is_given_while_the_store_is_away) {
  start();
  database.inject(memory_fault::unavailable, 10);
  EXPECT_THAT(std::string{expect(200, "GET", "/api/v1/status").at("store").as_string()}, Not("ok"));
  EXPECT_THAT(error_text(expect(503, "GET", "/api/v1/tenants")), HasSubstr("store_unavailable"));
}
