#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::ElementsAre;
using testing::HasSubstr;

struct state_test : console_fixture {
  void SetUp() override {
    make_acme();
    runs = database.make_run_store(self);
    auto claims = runs->claim_shards("n1", self);
    auto connection = database.make_catalog_store()->load_connection(connection_id{1});
    auto claim = *std::ranges::find(*claims, connection->shard, &shard_claim::shard);
    stream = connection->streams[0].id;
    auto started = runs->start_run({connection->id, claim, run_kind::manual, {{stream, "", {}, "sealed state"}}, {}});
    ASSERT_TRUE(started);
    continuation = started->opened[0];
    ASSERT_FALSE(runs->set_cursor(connection->streams[1].id, "", instant{std::chrono::seconds{3'600}}));
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

TEST_F(state_test, wrong_changes_are_refused) {
  for (auto body : {R"({"cursors":5})", R"({"cursors":[{"stream":"nothing","known_up_to":null}]})", R"({"cursor":[]})",
                    R"({"cursors":[{"stream":"posts","was":"1970-01-01T01:00:00Z","known_up_to":"yesterday"}]})",
                    R"({"continuations":[{"id":1,"version":0,"state":"%%%"}]})"})
    expect(400, "PATCH", crm + "/state", body);
}
