#include "runtime/telemetry/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

using namespace lode;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

struct log_test : testing::Test {
  ~log_test() override { start_log({}); }
  std::ostringstream out;
};

} // namespace

TEST_F(log_test, a_json_line_holds_time_level_message_and_what_it_is_about) {
  start_log({log_level::info, log_format::json}, &out);
  log_warning("said \"no\"", {.tenant = "acme", .stream = "posts", .run = 7, .trace = "t1"});
  EXPECT_THAT(out.str(), StartsWith("{\"time\":\"20"));
  EXPECT_THAT(out.str(), EndsWith("\"level\":\"warning\",\"message\":\"said \\\"no\\\"\",\"tenant\":\"acme\","
                                  "\"stream\":\"posts\",\"run\":7,\"trace\":\"t1\"}\n"));
}

TEST_F(log_test, a_text_line_names_its_fields) {
  start_log({log_level::info, log_format::text}, &out);
  log_info("run started", {.tenant = "a b", .run = 7});
  EXPECT_THAT(out.str(), EndsWith("run started tenant=\"a b\" run=7\n"));
}

TEST_F(log_test, a_message_cannot_fake_a_second_line) {
  start_log({log_level::info, log_format::text}, &out);
  log_info("x\n2030-01-01 error forged", {.tenant = "t\nz"});
  EXPECT_EQ(std::ranges::count(out.str(), '\n'), 1);
}

TEST_F(log_test, secrets_do_not_reach_the_log) {
  start_log({log_level::info, log_format::json}, &out);
  log_error("GET /x?access_token=hunter2");
  EXPECT_THAT(out.str(), Not(HasSubstr("hunter2")));
}

TEST_F(log_test, lines_below_the_level_are_left_out) {
  start_log({log_level::warning, log_format::text}, &out);
  log_info("quiet");
  EXPECT_EQ(out.str(), "");
  set_log_level(log_level::info);
  EXPECT_TRUE(is_logged(log_level::info));
  log_info("loud");
  EXPECT_THAT(out.str(), HasSubstr("loud"));
}
