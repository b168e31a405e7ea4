#include "actors/scheduling/cron.hpp"

#include <date/date.h>
#include <gtest/gtest.h>

#include <sstream>

#include "messages/type_ids.hpp"

namespace lode {
namespace {

instant at(const std::string& text) {
  std::istringstream in{text};
  std::chrono::sys_time<std::chrono::microseconds> result;
  in >> date::parse("%Y-%m-%d %H:%M:%S", result);
  EXPECT_FALSE(in.fail()) << text;
  return result;
}

std::string text_of(std::optional<instant> time) {
  return time ? date::format("%Y-%m-%d %H:%M", std::chrono::floor<std::chrono::minutes>(*time)) : "never";
}

std::string next(const char* fields, const char* zone, const char* after) {
  auto cron = cron_expression::parse(fields, zone);
  return cron ? text_of(cron->next(at(after))) : message_of(cron.error());
}

std::string mistake(const char* fields, const char* zone = "UTC") {
  auto cron = cron_expression::parse(fields, zone);
  return cron ? "none" : message_of(cron.error());
}

struct due_case {
  const char* fields;
  const char* zone;
  const char* after; // UTC
  const char* due;   // UTC
};
void PrintTo(const due_case& c, std::ostream* out) {
  *out << c.fields << " " << c.zone << " after " << c.after;
}

struct cron_due_test : testing::TestWithParam<due_case> {};

TEST_P(cron_due_test, is_due_next_at_the_expected_instant) {
  EXPECT_EQ(next(GetParam().fields, GetParam().zone, GetParam().after), GetParam().due);
}

INSTANTIATE_TEST_SUITE_P(fields, cron_due_test, testing::Values(
  due_case{"* * * * *", "UTC", "2026-01-01 00:00:00", "2026-01-01 00:01"},
  due_case{"* * * * *", "UTC", "2026-01-01 00:00:59.999999", "2026-01-01 00:01"},
  due_case{"*/15 * * * *", "UTC", "2026-01-01 10:46:00", "2026-01-01 11:00"},
  due_case{"0 */6 * * *", "UTC", "2026-01-01 18:00:00", "2026-01-02 00:00"},
  due_case{"5,35 8-10 * * *", "UTC", "2026-01-01 10:35:00", "2026-01-02 08:05"},
  due_case{"10-50/20 0 * * *", "UTC", "2026-01-01 00:31:00", "2026-01-01 00:50"},
  due_case{"0 0 1 jan,Jul *", "UTC", "2026-01-01 00:00:00", "2026-07-01 00:00"},
  due_case{"0 9 * * MON-fri", "UTC", "2026-01-02 09:00:00", "2026-01-05 09:00"},
  due_case{"0 0 * * 7", "UTC", "2026-01-01 00:00:00", "2026-01-04 00:00"},
  due_case{"0 0 * * 0", "UTC", "2026-01-01 00:00:00", "2026-01-04 00:00"},
  due_case{"0 0 31 * *", "UTC", "2026-01-31 00:00:00", "2026-03-31 00:00"},
  due_case{"0 0 29 2 *", "UTC", "2096-02-29 00:00:00", "2104-02-29 00:00"},
  due_case{"0 0 13 * fri", "UTC", "2026-01-01 00:00:00", "2026-01-02 00:00"},   // both restricted: either
  due_case{"0 0 13 * fri", "UTC", "2026-01-09 00:00:00", "2026-01-13 00:00"},
  due_case{"0 0 */2 * mon", "UTC", "2026-01-01 00:00:00", "2026-01-05 00:00"},  // begins with *: both
  due_case{"0 6 * * *", "Asia/Kolkata", "2026-01-01 00:00:00", "2026-01-01 00:30"},
  due_case{"  0\t6 * *  * ", "UTC", "2026-01-01 00:00:00", "2026-01-01 06:00"}));

// Clocks in Berlin: 2026-03-29 02:00 -> 03:00 (01:00 UTC), 2026-10-25 03:00 -> 02:00 (01:00 UTC).
INSTANTIATE_TEST_SUITE_P(berlin, cron_due_test, testing::Values(
  due_case{"30 2 * * *", "Europe/Berlin", "2026-03-27 12:00:00", "2026-03-28 01:30"},
  due_case{"30 2 * * *", "Europe/Berlin", "2026-03-28 01:30:00", "2026-03-29 01:00"}, // does not exist: 03:00
  due_case{"30 2 * * *", "Europe/Berlin", "2026-03-29 01:00:00", "2026-03-30 00:30"},
  due_case{"0 3 * * *", "Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 01:00"},
  due_case{"*/30 2-3 * * *", "Europe/Berlin", "2026-03-29 00:59:00", "2026-03-29 01:00"}, // 02:00, 02:30, 03:00: one
  due_case{"*/30 2-3 * * *", "Europe/Berlin", "2026-03-29 01:00:00", "2026-03-29 01:30"},
  due_case{"30 2 * * *", "Europe/Berlin", "2026-10-24 12:00:00", "2026-10-25 00:30"}, // twice: the first
  due_case{"30 2 * * *", "Europe/Berlin", "2026-10-25 00:30:00", "2026-10-26 01:30"}, // and only once
  due_case{"30 2 * * *", "Europe/Berlin", "2026-10-25 01:10:00", "2026-10-26 01:30"}, // asked in the second 02:10
  due_case{"0 2 * * *", "Europe/Berlin", "2026-10-25 00:00:00", "2026-10-26 01:00"},
  due_case{"0 3 * * *", "Europe/Berlin", "2026-10-25 00:30:00", "2026-10-25 02:00"},
  due_case{"0 12 * * *", "Europe/Berlin", "2026-07-01 00:00:00", "2026-07-01 10:00"},
  due_case{"0 0 * * *", "Europe/Berlin", "2026-03-29 12:00:00", "2026-03-29 22:00"}));

// Clocks in New York: 2026-03-08 02:00 -> 03:00 (07:00 UTC), 2026-11-01 02:00 -> 01:00 (06:00 UTC).
INSTANTIATE_TEST_SUITE_P(new_york, cron_due_test, testing::Values(
  due_case{"15 2 * * *", "America/New_York", "2026-03-07 07:15:00", "2026-03-08 07:00"},
  due_case{"15 2 * * *", "America/New_York", "2026-03-08 07:00:00", "2026-03-09 06:15"},
  due_case{"0 2 * * sun", "America/New_York", "2026-03-02 00:00:00", "2026-03-08 07:00"},
  due_case{"30 1 * * *", "America/New_York", "2026-10-31 12:00:00", "2026-11-01 05:30"},
  due_case{"30 1 * * *", "America/New_York", "2026-11-01 05:30:00", "2026-11-02 06:30"},
  due_case{"30 1 * * *", "America/New_York", "2026-11-01 06:00:00", "2026-11-02 06:30"},
  due_case{"59 1 * * *", "America/New_York", "2026-11-01 05:58:00", "2026-11-01 05:59"},
  due_case{"0 2 * * *", "America/New_York", "2026-11-01 05:59:00", "2026-11-01 07:00"}));

TEST(cron_test, a_year_of_daily_runs_has_one_run_for_each_local_day_whatever_the_clocks_do) {
  for (const auto* zone : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"})
    for (const auto* fields : {"30 1 * * *", "15 2 * * *", "0 3 * * *"}) {
      auto cron = cron_expression::parse(fields, zone);
      ASSERT_TRUE(cron);
      auto time = at("2026-01-01 12:00:00");
      int runs = 0;
      for (auto due = cron->next(time); due && *due <= at("2027-01-01 12:00:00"); due = cron->next(time), ++runs)
        time = *due;
      EXPECT_EQ(runs, 365) << zone << " " << fields;
    }
}

TEST(cron_test, names_the_field_that_is_wrong_and_what_is_allowed) {
  EXPECT_EQ(mistake("61 * * * *"),
            "cron: minute '61': allowed are *, 0-59, ranges a-b (a <= b), steps */n or a-b/n, lists a,b");
  EXPECT_EQ(mistake("* * * foo *"), "cron: month 'foo': allowed are *, 1-12, names jan-dec, ranges a-b (a <= b), steps "
                                    "*/n or a-b/n, lists a,b");
  EXPECT_EQ(mistake("* * * *"), "cron '* * * *': 4 fields, needed are 5: minute hour day-of-month month day-of-week");
}

TEST(cron_test, refuses_what_could_be_read_in_two_ways_or_never_comes) {
  for (const auto* fields : {"*/0 * * * *", "5/15 * * * *", "30-10 * * * *", ", * * * *", "1, * * * *", "1- * * * *",
                             "-1 * * * *", "1.5 * * * *", "* 24 * * *", "* * 0 * *", "* * * 0 *", "* * * * 8",
                             "* * * * * *", "", "@daily", "mon * * * *"})
    EXPECT_NE(mistake(fields), "none") << fields;
  EXPECT_EQ(mistake("0 0 30 2 *"), "cron '0 0 30 2 *': names a date that never comes");
}

TEST(cron_test, names_the_time_zone_that_does_not_exist) {
  EXPECT_EQ(mistake("* * * * *", "Europe/Atlantis"),
            "time_zone 'Europe/Atlantis': not in the system's time zone database (package tzdata); allowed are names "
            "such as UTC or Europe/Berlin");
}

} // namespace
} // namespace lode
