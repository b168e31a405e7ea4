#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct sinks_test : console_fixture {
  const std::string lake = "/api/v1/sinks/lake";
  std::unique_ptr<sink_store> store = database.make_sink_store({});
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
