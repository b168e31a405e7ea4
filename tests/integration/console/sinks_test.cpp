#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct sinks_test : console_fixture {
  const std::string lake = "/api/v1/sinks/lake";
  std::unique_ptr<sink_store> store = database.make_sink_store({});

  /// One record of acme, so that its shard's feed goes beyond every sink.
  void tell_a_change() {
    make_acme();
    const auto claims = *lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
    const auto row = *database.make_catalog_store()->load_connection(connection_id{1});
    const auto claim = *std::ranges::find(claims, row.shard, &shard_claim::shard);
    const auto posts = std::ranges::find(row.streams, "posts", &stream_row::name)->id;
    const auto run =
      *database.make_run_store(self)->start_run({row.id, claim, run_kind::manual, {{posts, "", {}, ""}}, {}, {}});
    page_commit page;
    page.tenant = row.tenant;
    page.connection = row.id;
    page.stream = posts;
    page.shard = row.shard;
    page.epoch = claim.epoch;
    page.move = {run.opened[0], run.run, 0, continuation_phase::closed, "", ""};
    page.changes.push_back({change_kind::inserted, "1", R"({"id":1})", {1, 2}, {}});
    ASSERT_EQ(database.make_page_store(self, 0)->commit({&page, 1})[0].status, commit_status::committed);
  }
  /// The next delivery to this sink fails.
  void fail(const std::string& name, const std::string& error) {
    const auto own = database.make_sink_store(self);
    const auto all = *own->list_sinks();
    const auto sink = std::ranges::find(all, name, [](const auto& each) { return each.sink.name; })->sink.id;
    const auto claims = own->claim({{sink, 1}}, std::chrono::hours{1});
    ASSERT_TRUE(claims && claims->size() == 1);
    ASSERT_FALSE(own->release(claims->front(), error, std::chrono::hours{1}));
  }
  json::value in_status() { return expect(200, "GET", "/api/v1/status").at("sinks"); }
};

TEST_F(sinks_test, a_sink_is_put_told_of_and_sealed) {
  auto made = expect(201, "PUT", lake, "jsonl: {token: hunter2}");
  EXPECT_EQ(made.at("kind").as_string(), "jsonl");
  EXPECT_EQ(made.at("state").as_string(), "active");
  EXPECT_EQ(store->active_sinks()->at(0).sealed, "sealed:}2retnuh :nekot{ :lnosj");
  EXPECT_THAT(node->take(), Contains("look at the sinks"));
  expect(200, "PUT", lake, "jsonl: {token: hunter3}");
  const auto all = expect(200, "GET", "/api/v1/sinks");
  EXPECT_EQ(all.at("sinks").as_array().size(), 1u);
  EXPECT_THAT(json::serialize(all), Not(HasSubstr("hunter"))) << "settings are never shown";
}

TEST_F(sinks_test, a_description_with_errors_is_refused_with_line_and_path) {
  auto refused = expect(422, "PUT", lake, "jsonl: broken");
  EXPECT_EQ(refused.at("code").as_string(), "bad_sink");
  const auto& note = refused.at("notes").at(0);
  EXPECT_EQ(note.at("line").as_int64(), 2);
  EXPECT_EQ(note.at("path").as_string(), "#/jsonl/folder");
  EXPECT_THAT(*store->list_sinks(), IsEmpty());
  EXPECT_THAT(node->take(), IsEmpty());
}

TEST_F(sinks_test, streams_that_no_source_has_are_told_of_and_waited_for) {
  const auto made = expect(201, "PUT", lake, "jsonl: {}\nstreams: [shop/*]");
  const auto& note = made.at("notes").at(0);
  EXPECT_EQ(note.at("severity"), json::value("warning"));
  EXPECT_EQ(note.at("line"), json::value(2));
  EXPECT_THAT(std::string{note.at("message").as_string()}, HasSubstr("no source has a stream 'shop/*' now"));
  expect(200, "PUT", "/api/v1/sources/shop", "fine");
  EXPECT_EQ(expect(200, "PUT", lake, "jsonl: {}\nstreams: [shop/*]").at("notes"), json::value(json::array{}));
}

TEST_F(sinks_test, a_sink_is_paused_resumed_and_removed) {
  expect(201, "PUT", lake, "jsonl: {}");
  EXPECT_EQ(expect(200, "PATCH", lake, R"({"state":"paused"})").at("state").as_string(), "paused");
  EXPECT_THAT(*store->active_sinks(), IsEmpty());
  EXPECT_EQ(expect(200, "PATCH", lake, R"({"state":"active"})").at("state").as_string(), "active");
  expect(400, "PATCH", lake, R"({"state":"gone"})");
  expect(200, "DELETE", lake);
  EXPECT_THAT(*store->list_sinks(), IsEmpty());
}

TEST_F(sinks_test, of_a_sink_that_is_not_there_nothing_is_done) {
  EXPECT_THAT(std::string{expect(404, "GET", lake).at("detail").as_string()}, HasSubstr("\"lake\""));
  expect(404, "PATCH", lake, R"({"state":"paused"})");
  expect(404, "DELETE", lake);
}

TEST_F(sinks_test, what_a_failure_says_is_shown_without_secrets) {
  expect(201, "PUT", lake, "jsonl: {}");
  const auto row = store->active_sinks()->at(0);
  ASSERT_FALSE(store->suspend_sink(row.id, row.version, "refused: Authorization: Bearer hunter2hunter2"));
  const auto shown = expect(200, "GET", lake);
  EXPECT_EQ(shown.at("state").as_string(), "suspended");
  EXPECT_THAT(std::string{shown.at("reason").as_string()}, Not(HasSubstr("hunter2")));
}

TEST_F(sinks_test, the_status_counts_sinks_and_names_the_worst_with_its_error) {
  tell_a_change();
  EXPECT_EQ(in_status().at("worst"), json::value(nullptr)) << "there are none";
  expect(201, "PUT", lake, "jsonl: {}");
  expect(201, "PUT", "/api/v1/sinks/quiet", "jsonl: {}");
  expect(200, "PATCH", "/api/v1/sinks/quiet", R"({"state":"paused"})");
  auto well = in_status();
  EXPECT_EQ(well.at("active"), json::value(1));
  EXPECT_EQ(well.at("paused"), json::value(1));
  EXPECT_EQ(well.at("changes_behind"), json::value(2));
  EXPECT_EQ(well.at("worst"), json::value(nullptr));
  fail("lake", "refused: Authorization: Bearer hunter2hunter2");
  auto failing = in_status();
  EXPECT_EQ(failing.at("failing"), json::value(1));
  EXPECT_EQ(failing.at("worst").at("name"), json::value("lake"));
  EXPECT_EQ(failing.at("worst").at("state"), json::value("failing"));
  EXPECT_TRUE(failing.at("worst").at("since").is_string());
  EXPECT_THAT(std::string{failing.at("worst").at("error").as_string()},
              testing::AllOf(HasSubstr("refused"), Not(HasSubstr("hunter2"))));
}

TEST_F(sinks_test, a_suspended_sink_is_worse_than_one_that_fails) {
  tell_a_change();
  expect(201, "PUT", lake, "jsonl: {}");
  fail("lake", "no answer");
  expect(201, "PUT", "/api/v1/sinks/old", "jsonl: {}");
  const auto all = *store->active_sinks();
  const auto& old = *std::ranges::find(all, "old", &sink_row::name);
  ASSERT_FALSE(store->suspend_sink(old.id, old.version, "the feed was trimmed"));
  const auto seen = in_status();
  EXPECT_EQ(seen.at("suspended"), json::value(1));
  EXPECT_EQ(seen.at("failing"), json::value(1));
  EXPECT_EQ(seen.at("worst").at("name"), json::value("old"));
  EXPECT_EQ(seen.at("worst").at("state"), json::value("suspended"));
  EXPECT_EQ(seen.at("worst").at("error"), json::value("the feed was trimmed"));
}
