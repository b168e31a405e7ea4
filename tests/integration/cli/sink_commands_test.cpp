#include "tests/integration/cli/scripted_node.hpp"

using namespace lode::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
