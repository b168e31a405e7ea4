#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::HasSubstr;

/// Stream posts of acme/crm is read whole by run 1, which begins with the test.
struct complete_test : console_fixture {
  void SetUp() override {
    make_acme();
    runs = database.make_run_store(self);
    auto claims = lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
    row = *database.make_catalog_store()->load_connection(connection_id{1});
    claim = *std::ranges::find(*claims, row.shard, &shard_claim::shard);
    stream = std::ranges::find(row.streams, "posts", &stream_row::name)->id;
    started = *runs->start_run({row.id, claim, run_kind::manual, {{stream, "", {}, ""}}, {}, {}});
  }

  void end_run(continuation_phase phase, const std::string& reason = {}, std::optional<slice_anchor> anchor = {}) {
    page_commit last;
    last.tenant = row.tenant;
    last.connection = row.id;
    last.stream = stream;
    last.shard = row.shard;
    last.epoch = claim.epoch;
    last.move = {started.opened[0], started.run, 0, phase, "", reason};
    last.anchor = anchor;
    EXPECT_EQ(database.make_page_store(self, 0)->commit({&last, 1})[0].status, commit_status::committed);
  }

  json::value ask(const std::string& query = "") { return expect(200, "GET", posts + query); }

  std::unique_ptr<run_store> runs;
  connection_row row;
  shard_claim claim;
  stream_id stream;
  started_run started;
  const std::string posts = crm + "/streams/posts/complete";
};

TEST_F(complete_test, what_an_open_run_is_about_to_read_is_owed) {
  auto answer = ask("?from=1970-01-01T00:00:00Z&to=1970-01-02T00:00:00Z");
  EXPECT_EQ(answer.at("complete"), json::value(false));
  const auto& owed = answer.at("owed").at(0);
  EXPECT_EQ(owed.at("reason"), json::value("run_open"));
  EXPECT_EQ(owed.at("run"), json::value(started.run.value));
  EXPECT_EQ(owed.at("from"), json::value("1970-01-01T00:00:00Z"));
  EXPECT_EQ(owed.at("to"), json::value("1970-01-02T00:00:00Z"));
}

TEST_F(complete_test, what_a_run_read_whole_is_there_as_of_its_beginning) {
  end_run(continuation_phase::closed);
  auto began = runs->load_run(started.run)->started; // the store in memory counts seconds from 1970 on
  auto answer = ask("?to=1970-01-01T00:00:01Z");
  EXPECT_GE(began, instant{std::chrono::seconds{1}});
  EXPECT_EQ(answer.at("complete"), json::value(true));
  EXPECT_EQ(answer.at("owed").as_array().size(), 0u);
  EXPECT_EQ(ask().at("complete"), json::value(false)) << "until now";
}

TEST_F(complete_test, what_failed_is_owed_with_its_reason) {
  end_run(continuation_phase::failed, "500 again and again");
  EXPECT_EQ(ask().at("owed").at(0).at("reason"), json::value("failed"));
  EXPECT_EQ(ask().at("owed").at(0).at("detail"), json::value("500 again and again"));
}

TEST_F(complete_test, an_anchor_is_shown_in_the_state_and_is_forgotten_with_a_cursor_that_is_set_to_null) {
  slice_anchor anchor{3'600'000'000, instant{std::chrono::hours{2}}, 0, database.make_catalog_store()->load_source(row.source)->version};
  anchor.edition = *database.make_catalog_store()->edition_of(row.id);
  end_run(continuation_phase::closed, "ended early", anchor);
  auto state = expect(200, "GET", crm + "/state");
  const auto& shown = state.at("anchors").at(0);
  EXPECT_EQ(shown.at("stream"), json::value("posts"));
  EXPECT_EQ(shown.at("position"), json::value("1970-01-01T01:00:00Z"));
  EXPECT_EQ(ask("?to=1970-01-01T02:00:00Z").at("complete"), json::value(true));
  EXPECT_EQ(expect(200, "PATCH", crm + "/state", json::serialize(state)).at("set"), json::value(0)) << "what is shown can be set";
  EXPECT_EQ(expect(200, "PATCH", crm + "/state", R"({"cursors":[{"stream":"posts","was":null,"known_up_to":null}]})").at("set"), json::value(1));
  EXPECT_EQ(expect(200, "GET", crm + "/state").at("anchors").as_array().size(), 0u);
  EXPECT_EQ(ask("?to=1970-01-01T02:00:00Z").at("complete"), json::value(false));
}

TEST_F(complete_test, a_span_that_is_none_and_a_stream_that_is_none_are_named) {
  EXPECT_THAT(error_text(expect(400, "GET", posts + "?from=yesterday")), HasSubstr("from: found 'yesterday', expected a time"));
  EXPECT_THAT(error_text(expect(400, "GET", posts + "?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z")),
              HasSubstr("expected a time before 2026-01-01T00:00:00Z"));
  EXPECT_THAT(error_text(expect(404, "GET", crm + "/streams/nothing/complete")), HasSubstr("mines no stream nothing"));
}
