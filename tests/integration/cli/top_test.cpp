#include <algorithm>

#include "tests/integration/cli/program_on_terminal.hpp"
#include "tests/integration/cli/scripted_node.hpp"

using namespace lode::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

const char* overview = R"({"as_of":"2026-11-27T17:00:00Z","store":"ok","tenants":{"active":3},
 "problems":[{"severity":"critical","reason":"suspended","title":"Credentials refused by shop","detail":"","help":"Give new credentials.",
  "since":"2026-11-27T13:48:00Z","tenants":1,"examples":[{"tenant":"acme","connection":"main"}]}],"problems_total":1,
 "nodes":[{"name":"n1","is_silent":false}],"shards_without_node":0,
 "now":{"records":13464,"calls":181,"changed_share":0.048,"errors":13.5,"lateness":78,"queue":2822,"memory":2040109465}})";

std::string rows(int count) {
  json::array out;
  for (int i = 0; i < count; ++i)
    out.push_back({{"name", "t" + std::to_string(i)}, {"connection", "main"}, {"waits_for", "quota"}, {"detail", "\x1b[31mof a limit"}});
  return json::serialize(json::object{{"tenants", out}, {"next", nullptr}, {"total", count}});
}

struct top_test : scripted_node {
  top_test() {
    answer("GET /api/v1/overview", overview);
    answer("GET /api/v1/history?span=3600&step=15", R"({"series":{"records":[1,2,3],"errors":[0,0,0],"lateness":[null,4,5]}})");
    for (const std::string order : {"worst", "lateness", "name", "rate"})
      for (const std::string limit : {"20", "200"})
        answer("GET /api/v1/tenants?view=standing&sort=" + order + "&limit=" + limit, rows(50));
  }

  std::unique_ptr<program_on_terminal> look(std::vector<std::string> environment = {}, unsigned short width = 80, unsigned short height = 24) {
    environment.insert(environment.end(), {"LODE_ADDRESS=http://" + server.address(), "TERM=xterm", "LC_ALL=C.UTF-8"});
    auto out = std::make_unique<program_on_terminal>(std::vector<std::string>{LODE_PROGRAM, "top", "--every", "1"}, environment, width, height);
    out->await_screen("CONNECTIONS");
    return out;
  }
};

} // namespace

TEST_F(top_test, a_full_screen_until_q_and_the_terminal_is_as_it_was) {
  auto top = look();
  EXPECT_EQ(top->screen().size(), 24u);
  EXPECT_THAT(top->screen_text(), AllOf(HasSubstr("records/s 13,464"), HasSubstr("Credentials refused by shop"), HasSubstr("1 to 1")));
  EXPECT_THAT(top->screen_text(), Not(HasSubstr("\x1b[31mof"))) << "what an API said drives no terminal";
  EXPECT_FALSE(top->is_restored());
  top->press("q");
  EXPECT_EQ(top->await_end(), 0);
  EXPECT_TRUE(top->is_restored());
}

TEST_F(top_test, signals_and_ctrl_C_end_it_and_the_terminal_is_as_it_was) {
  for (auto signal : {SIGINT, SIGTERM, SIGHUP, 0}) {
    auto top = look();
    if (signal != 0)
      top->send(signal);
    else
      top->press("\x03");
    EXPECT_EQ(top->await_end(), 0) << signal;
    EXPECT_TRUE(top->is_restored()) << signal;
  }
}

TEST_F(top_test, a_terminal_that_goes_away_ends_it) {
  auto top = look();
  top->hang_up();
  EXPECT_EQ(top->await_end(), 0);
}

TEST_F(top_test, ctrl_Z_gives_the_terminal_back_until_it_is_continued) {
  auto top = look();
  top->press("\x1a");
  top->await_stop();
  top->await("what it wrote last", [&] { return top->is_restored(); });
  const auto before = top->written().size();
  top->send(SIGCONT);
  top->await("a new screen", [&] { return top->written().find("\x1b[J", before) != std::string::npos; });
  EXPECT_FALSE(top->is_restored());
  top->press("q");
  EXPECT_EQ(top->await_end(), 0);
}

TEST_F(top_test, keys_sort_and_scroll) {
  auto top = look();
  top->press("\x1b[B");
  top->await_screen("by worst, 2 to ");
  top->press("l");
  top->await_screen("by lateness, 1 to ");
  EXPECT_TRUE(was_asked("sort=lateness&limit=200"));
  top->press("n");
  top->await_screen("by name, 1 to ");
  top->press("r");
  top->await_screen("by records/s, 1 to ");
  top->press("\x1b[F");
  top->await_screen(" to 50 of 50");
}

TEST_F(top_test, another_size_is_another_screen_and_never_wider) {
  auto top = look();
  for (unsigned short width : {40, 10, 132}) {
    top->resize(width, 12);
    top->await("the new size", [&] {
      auto lines = top->screen();
      return lines.size() == 12 && lines[0].size() >= std::min<size_t>(width, 30) - 1;
    });
    top->await("a narrow screen", [&] { return std::ranges::all_of(top->screen(), [&](const auto& line) { return line.size() <= 4u * width; }); });
  }
}

TEST_F(top_test, a_node_that_dies_is_told_with_since_when_and_asked_until_it_is_back) {
  auto top = look();
  be(mode::hangs_up);
  top->await_screen("NO ANSWER");
  EXPECT_THAT(top->screen_text(), AllOf(HasSubstr("as of 17:00:00Z"), HasSubstr("t0"))) << "what was seen last stays";
  be(mode::answers);
  top->await("an answer", [&] { return top->screen_text().find("NO ANSWER") == std::string::npos; });
  answer("GET /api/v1/overview", R"({"code":"store_unavailable","detail":"the store is away"})", 503);
  top->await_screen("ANSWER 503");
  top->press("q");
  EXPECT_EQ(top->await_end(), 0);
}

TEST_F(top_test, colour_repeats_a_word_and_NO_COLOR_takes_it_away) {
  EXPECT_THAT(look()->screen_text(), HasSubstr("\x1b[1;31mcritical"));
  EXPECT_THAT(look({"NO_COLOR=1"})->screen_text(), AllOf(Not(HasSubstr("\x1b")), HasSubstr("critical")));
}

TEST_F(top_test, it_is_printed_once_when_nobody_looks) {
  auto result = run("top");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("PROBLEMS  1"), HasSubstr("by worst, 1 to 50 of 50"), Not(HasSubstr("\x1b")), Not(HasSubstr("q quit"))));
  auto told = json::parse(run("top --json").out);
  EXPECT_EQ(told.at("overview").at("store"), json::value("ok"));
  EXPECT_EQ(told.at("tenants").as_array().size(), 50u);
  EXPECT_TRUE(told.at("history").is_object());
}

TEST_F(top_test, what_goes_into_a_pipe_is_not_cut) {
  answer("GET /api/v1/tenants?view=standing&sort=worst&limit=20",
         json::serialize(json::object{{"tenants", json::array{json::object{{"name", "acme"}, {"connection", "main"}, {"waits_for", "quota"}, {"detail", std::string(300, 'x') + "end"}}}},
                                      {"next", nullptr}, {"total", 1}}));
  EXPECT_THAT(run("top --once").out, HasSubstr("xend"));
}

TEST_F(top_test, a_node_without_a_history_is_shown_all_the_same) {
  answer("GET /api/v1/history?span=3600&step=15", R"({"code":"not_found","detail":"no"})", 404);
  auto result = run("top --once");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("not yet measured"));
}

TEST_F(top_test, a_store_that_is_away_is_told_beside_what_was_seen_last) {
  auto top = look();
  answer("GET /api/v1/overview", R"({"as_of":"2026-11-27T17:00:09Z","store":"connection to the database was lost"})");
  answer("GET /api/v1/tenants?view=standing&sort=worst&limit=200", R"({"code":"store_unavailable","detail":"it is away"})", 503);
  top->await_screen("STORE: connection to th");
  EXPECT_THAT(top->screen_text(), HasSubstr("t0"));
}

TEST_F(top_test, failures_at_the_start_are_those_of_every_command) {
  EXPECT_EQ(run("top --node http://127.0.0.1:1").code, 3);
  EXPECT_EQ(run("top --sort age").code, 2);
  EXPECT_EQ(run("top --every 0").code, 2);
  answer("GET /api/v1/overview", R"({"code":"unauthorized","detail":"a token is wanted"})", 401);
  EXPECT_EQ(run("top").code, 6);
  answer("GET /api/v1/overview", "broken");
  EXPECT_EQ(run("top").code, 1);
}
