#include <gtest/gtest.h>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"

namespace lode::expression {
namespace {

constexpr int64_t second = 1'000'000;
// 2024-01-31T10:20:30.123456Z
constexpr int64_t sample = 1'706'696'430 * second + 123'456;

std::string parsed(std::string_view text, std::string_view format) {
  auto moment = parse_date_time(text, format);
  return moment ? std::to_string(moment->microseconds) : moment.error().message;
}

TEST(datetime_formats, print_every_directive_that_manifests_use) {
  date_time moment{sample, 0, true};
  struct format_case {
    std::string_view format, expected;
  };
  constexpr format_case cases[] = {{"%Y-%m-%dT%H:%M:%S.%fZ", "2024-01-31T10:20:30.123456Z"},
                                   {"%Y-%m-%dT%H:%M:%S%z", "2024-01-31T10:20:30+0000"},
                                   {"%Y-%m-%dT%H:%M:%S.%_ms+0000", "2024-01-31T10:20:30.123+0000"},
                                   {"%s", "1706696430"},
                                   {"%ms", "1706696430123"},
                                   {"%s_as_float", "1706696430.123456"},
                                   {"%epoch_microseconds", "1706696430123456"},
                                   {"modified_on:gt:%Y-%m-%d", "modified_on:gt:2024-01-31"},
                                   {"[%Y-%m-%dZ..2100-01-01]", "[2024-01-31Z..2100-01-01]"},
                                   {"%a, %d %b %Y %I %p %j", "Wed, 31 Jan 2024 10 AM 031"},
                                   {"%-d/%-m 100%%", "31/1 100%"}};
  for (auto [format, expected] : cases)
    EXPECT_EQ(format_date_time(moment, format), expected) << format;
}

TEST(datetime_formats, read_back_what_they_print) {
  for (auto format : {"%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S.%f%z", "%epoch_microseconds", "%s_as_float"})
    EXPECT_EQ(parsed(format_date_time({sample, 0, true}, format), format), std::to_string(sample)) << format;
}

TEST(datetime_formats, take_text_without_offset_as_utc_and_keep_an_offset) {
  EXPECT_EQ(parsed("2024-01-31 10:00:00", "%Y-%m-%d %H:%M:%S"), "1706695200000000");
  auto moment = parse_date_time("2024-01-31T12:00:00+02:00", "%Y-%m-%dT%H:%M:%S%z");
  ASSERT_TRUE(moment);
  EXPECT_EQ(moment->microseconds, 1'706'695'200 * second);
  EXPECT_EQ(format_date_time(*moment, "%H:%M%z"), "12:00+0200");
}

TEST(datetime_formats, read_like_strptime) {
  EXPECT_EQ(parsed("1/2/2024", "%d/%m/%Y"), "1706745600000000");
  EXPECT_EQ(parsed("20240131", "%Y%m%d"), "1706659200000000");
  EXPECT_EQ(parsed("Wed, 31 jan 2024 10:00:00 GMT", "%a, %d %b %Y %H:%M:%S %Z"), "1706695200000000");
  EXPECT_EQ(parsed("2024-01-31T10:00:00.5Z", "%Y-%m-%dT%H:%M:%S.%fZ"), "1706695200500000");
  EXPECT_EQ(parsed("1706696430123", "%ms"), "1706696430123000");
  EXPECT_EQ(parsed("1706696430.25", "%s_as_float"), "1706696430250000");
}

TEST(datetime_formats, name_text_and_format_when_they_do_not_match) {
  EXPECT_EQ(parsed("2024-13-01", "%Y-%m-%d"), "'2024-13-01' is not a date of the format '%Y-%m-%d'");
  for (auto text : {"2024-02-30", "24-01-01", "2024-01-01 ", "", "2024-01-01T00"})
    EXPECT_FALSE(parse_date_time(text, "%Y-%m-%d")) << text;
  for (auto text : {"", "1.5", "99999999999999999999", "9223372036854775807", "abc"})
    EXPECT_FALSE(parse_date_time(text, "%s")) << text;
}

TEST(datetime_formats, show_in_messages_only_what_looks_like_a_date) {
  EXPECT_EQ(parsed("Fri, 31 jan 2024 10:00 GMT", "%Y"), "'Fri, 31 jan 2024 10:00 GMT' is not a date of the format '%Y'");
  for (auto secret : {"hunter2", "correct horse", "EAABsbCS1iHg", "2024-01-01\n", "sk_live_4711"}) {
    EXPECT_EQ(parsed(secret, "%Y"), "a text of " + std::to_string(std::string{secret}.size()) + " bytes is not a date of the format '%Y'");
    EXPECT_EQ(parse_iso_date_time(secret).error().message.find(secret), std::string::npos);
    EXPECT_EQ(parse_iso_duration(secret).error().message.find(secret), std::string::npos);
  }
  EXPECT_EQ(parse_iso_duration("P1").error().message.substr(0, 12), "'P1' is not ");
}

TEST(datetime_formats, read_numbers_of_records_by_epoch_formats) {
  EXPECT_EQ(parse_date_value(value{1706696430}, "%s")->microseconds, 1'706'696'430 * second);
  EXPECT_EQ(parse_date_value(value{1706696430.9}, "%s")->microseconds, 1'706'696'430 * second);
  EXPECT_FALSE(parse_date_value(value{none_value{}}, "%s"));
}

TEST(iso_dates, are_read_in_basic_and_extended_form) {
  for (auto text : {"2024-01-31T10:00:00Z", "2024-01-31T10:00:00", "20240131T100000Z", "2024-01-31 10:00", "2024-01-31T10",
                    "2024-01-31T12:00:00+02:00", "2024-01-31T12:00:00.000000000+0200", "2024-01-31T05:00-05"}) {
    auto moment = parse_iso_date_time(text);
    ASSERT_TRUE(moment) << text;
    EXPECT_EQ(moment->microseconds, 1'706'695'200 * second) << text;
  }
  for (auto text : {"", "2024-1-31", "2024-01-32", "2024-01-31T25:00", "2024-01-31T10:00:00+2", "31/01/2024"})
    EXPECT_FALSE(parse_iso_date_time(text)) << text;
}

TEST(iso_durations, know_calendar_months_zero_and_microseconds) {
  struct duration_case {
    std::string_view text;
    calendar_duration expected;
  };
  constexpr duration_case cases[] = {{"P1M", {1, 0}},          {"P1Y", {12, 0}},
                                     {"P1D", {0, 86'400 * second}}, {"P1W", {0, 7 * 86'400 * second}},
                                     {"P30D", {0, 30 * 86'400 * second}}, {"PT1S", {0, second}},
                                     {"PT0.000001S", {0, 1}},  {"PT0.001S", {0, 1000}},
                                     {"PT0S", {0, 0}},         {"P0D", {0, 0}},
                                     {"PT1H", {0, 3600 * second}}, {"P1Y2M3DT4H5M6.5S", {14, (3 * 86'400 + 4 * 3600 + 5 * 60 + 6) * second + 500'000}},
                                     {"-P1D", {0, -86'400 * second}}};
  for (auto& [text, expected] : cases) {
    auto span = parse_iso_duration(text);
    ASSERT_TRUE(span) << text;
    EXPECT_EQ(*span, expected) << text;
  }
  for (auto text : {"", "P", "1D", "PT", "P1H", "P1S", "PT1D", "P1D1M", "P1.5M", "P99999999999999D", "P1"})
    EXPECT_FALSE(parse_iso_duration(text)) << text;
}

TEST(calendar, adds_months_by_the_calendar_and_stays_within_the_years_1_to_9999) {
  auto january = *parse_iso_date_time("2024-01-31T00:00:00Z");
  EXPECT_EQ(iso_text(add(january, {1, 0}), 'T'), "2024-02-29T00:00:00+00:00");
  EXPECT_EQ(iso_text(add(january, {12, 0}), 'T'), "2025-01-31T00:00:00+00:00");
  EXPECT_EQ(iso_text(subtract(january, {2, 0}), 'T'), "2023-11-30T00:00:00+00:00");
  EXPECT_EQ(iso_text(add(january, {120'000, 0}), 'T').substr(0, 4), "9999");
}

} // namespace
} // namespace lode::expression
