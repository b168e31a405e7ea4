#include "tests/integration/cli/scripted_node.hpp"

using namespace lode::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// `lode sink`: what it asks of a node, and what it prints.
struct sink_commands_test : scripted_node {
  const std::string lake = "/api/v1/sinks/lake";
  static std::string sink(const std::string& state, const std::string& error) {
    return R"({"name":"lake","kind":"jsonl","streams":["crm/*"],"state":")" + state
           + R"(","reason":"","changes_behind":42,"shards_behind":3,
      "shards_failing":1,"delivered":7,"last_delivered":"2026-11-27T10:00:00Z","failing_since":"2026-11-27T11:00:00Z","error":")"
           + error + "\"}";
  }
};

TEST_F(sink_commands_test, list_says_how_far_behind_each_is_and_what_is_wrong) {
  answer("GET /api/v1/sinks", R"({"sinks":[)" + sink("active", "the disk is full") + "]}");
  const auto listed = run("sink list");
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_THAT(listed.out, AllOf(HasSubstr("BEHIND"), HasSubstr("42"), HasSubstr("crm/*"),
                                HasSubstr("since 2026-11-27T11:00:00Z: the disk is full")));
  EXPECT_EQ(json::parse(run("sink list --json").out).at("sinks").at(0).at("changes_behind").as_int64(), 42);
}

TEST_F(sink_commands_test, show_says_what_to_type_for_one_that_is_suspended) {
  answer("GET " + lake, sink("suspended", "gone"));
  EXPECT_THAT(run("sink show lake").out,
              AllOf(HasSubstr("behind: 42 changes in 3 shards"), HasSubstr("$ lode sink resume lake")));
}

TEST_F(sink_commands_test, pause_and_resume_change_the_state) {
  answer("PATCH " + lake, sink("paused", ""));
  EXPECT_EQ(run("sink pause lake").code, 0);
  EXPECT_EQ(run("sink resume lake").code, 0);
  EXPECT_THAT(take_requests(),
              ElementsAre("PATCH " + lake + R"( {"state":"paused"})", "PATCH " + lake + R"( {"state":"active"})"));
}

TEST_F(sink_commands_test, put_sends_the_file_and_tells_the_nodes_notes_with_its_lines) {
  const auto file = testing::TempDir() + "lake-" + std::to_string(getpid()) + ".yaml";
  std::ofstream{file} << "jsonl: {}\n";
  answer("PUT " + lake, sink("active", ""), 201);
  EXPECT_THAT(run("sink put lake " + file).out, HasSubstr("lake: stored, kind jsonl"));
  EXPECT_THAT(take_requests(), ElementsAre("PUT " + lake + " jsonl: {}\n"));
  answer("PUT " + lake, R"({"status":422,"code":"bad_sink","detail":"it was not stored","notes":[
    {"severity":"error","line":1,"path":"#/jsonl/folder","message":"is missing"}]})",
         422);
  const auto refused = run("sink put lake " + file);
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr(file + ":1: error: #/jsonl/folder: is missing"));
  std::filesystem::remove(file);
}

TEST_F(sink_commands_test, remove_wants_to_be_sure) {
  answer("DELETE " + lake, R"({"sink":"lake","removed":true})");
  const auto unsure = run("sink remove lake");
  EXPECT_EQ(unsure.code, 2);
  EXPECT_THAT(unsure.err, HasSubstr("--yes"));
  EXPECT_THAT(take_requests(), IsEmpty());
  EXPECT_THAT(run("sink remove lake --yes").out, HasSubstr("lake: removed"));
}

TEST_F(sink_commands_test, status_names_the_worst_sink_and_what_to_type) {
  const std::string begin =
    R"({"ready":true,"not_ready_because":null,"store":"ok","node":{"name":"n1","version":"1","uptime_seconds":1,"open_runs":0,"miners":0,
      "requests_in_flight":0,"waiting_for_quota":0,"records":0,"inserted":0,"updated":0,"unchanged":0,"dead":0,"records_per_second":0,
      "pages":0,"pages_per_second":0},"tenants":{},"connections":{},"stopped":[],"stopped_total":0)";
  const std::string counts = R"("paused":0,"suspended":0,"failing":1,"changes_behind":42,"worst":)";
  answer(
    "GET /api/v1/status",
    begin + R"(,"sinks":{"active":2,)" + counts
      + R"({"name":"lake","state":"failing","since":"2026-11-27T11:00:00Z","error":"no route","changes_behind":41}}})");
  EXPECT_THAT(run("status").out,
              AllOf(HasSubstr("sinks: 2 active; failing 1; changes behind 42\n"),
                    HasSubstr("the worst: lake is failing since 2026-11-27T11:00:00Z, 41 changes behind: no route\n"),
                    HasSubstr("$ lode sink show lake\n")));
  answer("GET /api/v1/status", begin + R"(,"sinks":{"active":2,)" + counts + "null}}");
  EXPECT_THAT(run("status").out, AllOf(HasSubstr("sinks: 2 active"), Not(HasSubstr("the worst"))));
  answer("GET /api/v1/status", begin + R"(,"sinks":{"active":0,)" + counts + "null}}");
  EXPECT_THAT(run("status").out, Not(HasSubstr("sinks"))) << "there are none";
  answer("GET /api/v1/status", begin + "}");
  EXPECT_EQ(run("status").code, 0) << "a node of another version, or one whose store is away";
}
