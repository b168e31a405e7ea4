#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "actors/scheduling/duration_text.hpp"
#include "actors/scheduling/schedule.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;

std::string mistake(std::string_view text) {
  auto result = parse_schedule(text);
  return result ? "none" : message_of(result.error());
}

TEST(duration_text_test, reads_units_from_large_to_small) {
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(parse_duration("366d"), 366 * 24h);
}

TEST(duration_text_test, refuses_everything_else) {
  for (const auto* text : {"", "15", "m", "1.5h", "-1s", "1s1m", "1m1m", "1y", " 1s", "1s ", "367d", "99999999999s",
                           "4294967295d", "366d1ms"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(duration_text_test, writes_what_it_reads) {
  EXPECT_EQ(duration_text(0ms), "0s");
  EXPECT_EQ(duration_text(90min), "1h30m");
  EXPECT_EQ(duration_text(1250ms), "1s250ms");
}

TEST(schedule_text_test, reads_every_key) {
  auto result = parse_schedule(R"({"every":"15m","jitter":"2m","overlap":"queue","missed":"skip","priority":"high",
                                   "feedback":{"min":"1m","max":"6h"}})");
  ASSERT_TRUE(result) << message_of(result.error());
  EXPECT_EQ(result->every, 15min);
  EXPECT_EQ(result->jitter, 2min);
  EXPECT_EQ(result->overlap, overlap_policy::queue);
  EXPECT_EQ(result->missed, missed_policy::skip);
  EXPECT_EQ(result->priority, urgency::high);
  ASSERT_TRUE(result->feedback);
  EXPECT_EQ(result->feedback->min, 1min);
  EXPECT_EQ(result->feedback->max, 6h);
}

TEST(schedule_text_test, names_key_value_and_what_is_allowed) {
  EXPECT_EQ(mistake(R"({"every":"soon"})"),
            R"(schedule: every: "soon", allowed is a duration from 1s to 366d such as "15m" or "1h30m")");
  EXPECT_EQ(mistake(R"({"every":"15m","overlap":"both"})"), R"(schedule: overlap: "both", allowed is one of skip, queue)");
  EXPECT_EQ(mistake(R"({"every":"15m","jitter":"20m"})"),
            R"(schedule: jitter: "20m", allowed is at most the interval of 15m)");
  EXPECT_EQ(mistake(R"({"manual":false})"), "schedule: manual: false, allowed is true; leave the key out for anything else");
}

TEST(schedule_text_test, reports_all_mistakes_at_once) {
  auto text = mistake(R"({"cron":"61 * * * *","missed":1,"colour":"red","priority":"urgent"})");
  for (const auto* part : {"minute '61'", "missed: 1", "colour: \"red\", allowed is no such key; with 'cron' there can be "
                           "time_zone jitter overlap missed feedback priority", "priority: \"urgent\""})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin " << text;
}

TEST(schedule_text_test, needs_exactly_one_kind) {
  EXPECT_EQ(mistake("{}"), "schedule: 0 of the keys cron, every, manual found, needed is exactly one");
  EXPECT_EQ(mistake(R"({"every":"1m","cron":"* * * * *"})"),
            "schedule: 2 of the keys cron, every, manual found, needed is exactly one");
}

TEST(schedule_text_test, refuses_what_is_not_an_object) {
  for (const auto* text : {"", "15m", "[]", "{\"every\":\"1m\"", "null"})
    EXPECT_NE(mistake(text).find("is not a JSON object"), std::string::npos) << text;
}

TEST(schedule_text_test, feedback_goes_with_an_interval_that_lies_within_its_bounds) {
  EXPECT_NE(mistake(R"({"cron":"* * * * *","feedback":{"min":"1m","max":"6h"}})").find("only with 'every'"),
            std::string::npos);
  EXPECT_NE(mistake(R"({"every":"7h","feedback":{"min":"1m","max":"6h"}})").find("every is 7h"), std::string::npos);
  EXPECT_NE(mistake(R"({"every":"1h","feedback":{"min":"1m"}})").find("an object"), std::string::npos);
}

TEST(schedule_text_test, a_kind_of_ones_own_is_selected_by_its_first_key) {
  auto kinds = builtin_schedules();
  auto make = [](const boost::json::object&) { return caf::expected<schedule_policy_pointer>{make_interval_policy(1h)}; };
  ASSERT_FALSE(kinds.add("office-hours", {{"office_hours", "days"}, make}));
  auto result = parse_schedule(R"({"office_hours":"9-17","days":5})", kinds);
  ASSERT_TRUE(result) << message_of(result.error());
  EXPECT_EQ(result->policy->next(instant{}, instant{}), instant{1h});
}

} // namespace
} // namespace lode
