#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::ElementsAre;
using testing::HasSubstr;

struct state_test : console_fixture {
  void SetUp() override {
    make_acme();
    runs = database.make_run_store(self);
    auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
    auto connection = database.make_catalog_store()->load_connection(connection_id{1});
    auto claim = *std::ranges::find(*claims, connection->shard, &shard_claim::shard);
    stream = connection->streams[0].id;
    auto started = runs->start_run({connection->id, claim, run_kind::manual, {{stream, "", {}, "sealed state"}}, {}, {}});
    ASSERT_TRUE(started);
    continuation = started->opened[0];
    auto hour = instant{std::chrono::seconds{3'600}};
    ASSERT_TRUE(database.make_admin_store()->edit_state({connection->id, {{connection->streams[1].id, "", hour, 0}}, {}}));
  }
  std::unique_ptr<run_store> runs;
  stream_id stream;
  continuation_id continuation;
};

TEST_F(state_test, cursors_and_sealed_continuations_are_shown) {
  auto state = expect(200, "GET", crm + "/state");
  EXPECT_EQ(state.at("cursors").at(0).at("known_up_to"), json::value("1970-01-01T01:00:00Z"));
  const auto& open = state.at("continuations").at(0);
  EXPECT_EQ(open.at("id"), json::value(continuation.value));
  EXPECT_EQ(open.at("state"), json::value("c2VhbGVkIHN0YXRl"));
}

TEST_F(state_test, a_cursor_is_set_only_from_where_it_stands) {
  auto change = [](const std::string& was) {
    return R"({"cursors":[{"stream":"posts","was":)" + was + R"(,"known_up_to":"1970-01-01T00:30:00Z"}]})";
  };
  EXPECT_THAT(error_text(expect(409, "PATCH", crm + "/state", change("null"))), HasSubstr("stands at 1970-01-01T01:00:00Z"));
  EXPECT_TRUE(node->take().empty());
  expect(200, "PATCH", crm + "/state", change("\"1970-01-01T01:00:00Z\""));
  EXPECT_THAT(node->take(), ElementsAre("changed 1 1"));
  EXPECT_EQ(expect(200, "GET", crm + "/state").at("cursors").at(0).at("known_up_to"), json::value("1970-01-01T00:30:00Z"));
}

TEST_F(state_test, a_continuation_is_set_only_at_its_version) {
  auto change = [&](int64_t version) {
    return R"({"continuations":[{"id":)" + to_string(continuation) + R"(,"version":)" + std::to_string(version) + R"(,"state":"bmV3"}]})";
  };
  expect(409, "PATCH", crm + "/state", change(5));
  expect(200, "PATCH", crm + "/state", change(0));
  auto row = runs->load_continuation(continuation);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->state, "new");
  EXPECT_GT(row->version, 1'000) << "pages in flight must be refused";
}

TEST_F(state_test, what_is_shown_can_be_set_as_it_is) {
  auto shown = client().call("GET", crm + "/state").body;
  EXPECT_EQ(expect(200, "PATCH", crm + "/state", shown).at("set"), json::value(0));
  EXPECT_TRUE(node->take().empty()) << "nothing is disturbed";
  EXPECT_EQ(client().call("GET", crm + "/state").body, shown);
}

TEST_F(state_test, what_was_shown_and_then_edited_is_set_once) {
  auto state = expect(200, "GET", crm + "/state").as_object();
  state["cursors"].at(0).as_object()["known_up_to"] = "1970-01-01T00:15:00Z";
  state["continuations"].at(0).as_object()["state"] = "bmV3";
  auto edited = json::serialize(state);
  EXPECT_EQ(expect(200, "PATCH", crm + "/state", edited).at("set"), json::value(2));
  EXPECT_EQ(expect(200, "GET", crm + "/state").at("cursors").at(0).at("known_up_to"), json::value("1970-01-01T00:15:00Z"));
  EXPECT_THAT(error_text(expect(409, "PATCH", crm + "/state", edited)), HasSubstr("stale_version: the cursor of posts stands at"));
}

TEST_F(state_test, one_stale_item_leaves_all_the_others_as_they_were) {
  auto state = expect(200, "GET", crm + "/state").as_object();
  state["cursors"].at(0).as_object()["known_up_to"] = nullptr;
  state["continuations"].at(0).as_object()["version"] = 7;
  expect(409, "PATCH", crm + "/state", json::serialize(state));
  EXPECT_EQ(expect(200, "GET", crm + "/state").at("cursors").as_array().size(), 1u);
  EXPECT_TRUE(node->take().empty());
}

TEST_F(state_test, the_state_of_another_connection_is_refused) {
  auto state = expect(200, "GET", crm + "/state").as_object();
  state["connection"] = "shop";
  EXPECT_THAT(error_text(expect(400, "PATCH", crm + "/state", json::serialize(state))),
              HasSubstr("this is the state of connection shop, not of crm"));
}

TEST_F(state_test, what_a_continuation_cannot_become_is_refused) {
  auto state = expect(200, "GET", crm + "/state").as_object();
  state["continuations"].at(0).as_object()["from"] = "1970-01-01T00:00:00Z";
  EXPECT_THAT(error_text(expect(400, "PATCH", crm + "/state", json::serialize(state))),
              HasSubstr("continuations[0]: from: found \"1970-01-01T00:00:00Z\", but it is null and cannot be changed"));
}

TEST_F(state_test, an_airbyte_state_becomes_the_first_cursor_and_never_replaces_one) {
  auto refused = error_text(expect(409, "POST", crm + "/state/airbyte", "posts"));
  EXPECT_THAT(refused, HasSubstr("stream posts: found 1970-01-01T02:00:00Z, but it is known up to 1970-01-01T01:00:00Z"));
  expect(200, "PATCH", crm + "/state", R"({"cursors":[{"stream":"posts","was":"1970-01-01T01:00:00Z","known_up_to":null}]})");
  node->take();
  EXPECT_EQ(expect(200, "POST", crm + "/state/airbyte", "posts").at("set"), json::value(1));
  EXPECT_THAT(node->take(), ElementsAre("changed 1 1"));
  EXPECT_EQ(expect(200, "GET", crm + "/state").at("cursors").at(0).at("known_up_to"), json::value("1970-01-01T02:00:00Z"));
  EXPECT_EQ(expect(200, "POST", crm + "/state/airbyte", "posts").at("set"), json::value(0)) << "the same again";
  EXPECT_THAT(error_text(expect(400, "POST", crm + "/state/airbyte", "other")), HasSubstr("stream nothing"));
}

TEST_F(state_test, a_cursor_in_the_future_is_refused_as_nothing_would_be_read_until_then) {
  const auto refused = expect(400, "PATCH", crm + "/state",
                              R"({"cursors":[{"stream":"posts","was":"1970-01-01T01:00:00Z","known_up_to":"2999-01-01T00:00:00Z"}]})");
  EXPECT_THAT(error_text(refused), HasSubstr("known_up_to: 2999-01-01T00:00:00Z is in the future"));
}

TEST_F(state_test, wrong_changes_are_refused) {
  for (auto body : {R"({"cursors":5})", R"({"cursors":[{"stream":"nothing","known_up_to":null}]})", R"({"cursor":[]})",
                    R"({"cursors":[{"stream":"posts","was":"1970-01-01T01:00:00Z","known_up_to":"yesterday"}]})",
                    R"({"continuations":[{"id":1,"version":0,"state":"%%%"}]})"})
    expect(400, "PATCH", crm + "/state", body);
}
