#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/terminal/why_text.hpp"

using namespace lode;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
namespace json = boost::json;

namespace {

std::vector<std::string> told(const char* text, const why_facts& facts = {"acme", "active", "2026-11-27T17:00:00Z"}) {
  return why_text(json::parse(text).as_object(), facts);
}

} // namespace

TEST(why_text_test, a_quota_says_until_when) {
  EXPECT_THAT(told(R"({"connection":"main","waits_for":"quota","since":"2026-11-27T16:58:00Z","until":"2026-11-27T17:01:00Z",
                      "text":"The API allows 40 requests a minute.","help":"Nothing need be done.","lateness_seconds":120,
                      "next_run":"2026-11-27T17:15:00Z","unconfirmed_deletes":[]})"),
              ElementsAre("acme main: waits for quota since 2026-11-27T16:58:00Z (2m00s), until 2026-11-27T17:01:00Z",
                          "  The API allows 40 requests a minute.", "  it is 2m00s late; next run 2026-11-27T17:15:00Z",
                          "  what helps: Nothing need be done."));
}

TEST(why_text_test, a_suspension_says_what_to_type) {
  const auto* suspended = R"({"connection":"main","waits_for":"suspended","since":"2026-11-27T13:48:00Z","until":null,
                              "text":"orders: the API answered 401","help":"Give new credentials.","lateness_seconds":0,"next_run":null})";
  EXPECT_THAT(told(suspended),
              ElementsAre("acme main: is suspended since 2026-11-27T13:48:00Z (3h12m)", "  orders: the API answered 401",
                          "  what helps: Give new credentials.",
                          "  $ lode connection secrets acme main FILE   # new credentials as JSON, where they are what is wrong; - reads them from "
                          "standard input",
                          "  $ lode connection resume acme main   # then, or when what the reason names is put right"));
  EXPECT_THAT(told(suspended, {"acme", "suspended", ""}), Contains("  $ lode tenant resume acme"));
}

TEST(why_text_test, a_wrong_configuration_asks_for_no_credentials) {
  auto lines = told(R"({"connection":"main","waits_for":"suspended","help":"Put it again: lode connection put acme main FILE."})");
  EXPECT_THAT(lines, Contains(HasSubstr("$ lode connection put acme main FILE ")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("lode connection secrets"))));
}

TEST(why_text_test, every_reason_has_its_words) {
  for (const auto* reason : {"none", "queued", "quota", "store_slow", "api_slow", "backing_off", "not_heard", "moving", "paused", "suspended"}) {
    auto lines = told(("{\"connection\":\"main\",\"waits_for\":\"" + std::string{reason} + "\"}").c_str());
    EXPECT_THAT(lines[0], Not(HasSubstr("waits for " + std::string{reason} + "_"))) << reason;
    EXPECT_THAT(lines[0], Not(HasSubstr("_"))) << reason;
  }
  EXPECT_EQ(told(R"({"connection":"main","waits_for":"what_is_new"})")[0], "acme main: waits for what_is_new");
}

TEST(why_text_test, who_is_paused_is_resumed_where_the_pause_is) {
  EXPECT_THAT(told(R"({"connection":"main","waits_for":"paused"})"), Contains("  $ lode connection resume acme main"));
  EXPECT_THAT(told(R"({"connection":"main","waits_for":"paused"})", {"acme", "paused", ""}), Contains("  $ lode tenant resume acme"));
}

TEST(why_text_test, deletes_that_wait_for_a_word_are_named) {
  EXPECT_THAT(told(R"({"connection":"main","waits_for":"none","unconfirmed_deletes":["contacts"]})"),
              Contains("  $ lode connection confirm-deletes acme main contacts && lode run trigger acme main --kind full"));
}

TEST(why_text_test, help_that_is_a_command_is_told_once) {
  EXPECT_THAT(told(R"({"connection":"main","waits_for":"paused","text":"It was paused.","help":"lode connection resume acme main"})"),
              ElementsAre("acme main: is paused", "  It was paused.", "  $ lode connection resume acme main"));
}

TEST(why_text_test, a_tenant_without_a_connection_is_told_by_its_name_alone) {
  EXPECT_EQ(told(R"({"connection":"","waits_for":"none","text":"The tenant has no connection."})")[0], "acme: nothing holds it up");
}

TEST(why_text_test, names_are_quoted_as_a_shell_wants_them) {
  EXPECT_EQ(quoted("acme-1.shop"), "acme-1.shop");
  EXPECT_EQ(quoted("two words"), "'two words'");
  EXPECT_EQ(quoted("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(quoted("-rf"), "'-rf'");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_THAT(told(R"({"connection":"a;b","waits_for":"paused"})"), Contains("  $ lode connection resume acme 'a;b'"));
}

TEST(why_text_test, what_an_API_said_cannot_drive_the_terminal) {
  EXPECT_EQ(told(R"({"connection":"main","waits_for":"none","text":"x\u001b[2J"})")[1], "  x?[2J");
}
