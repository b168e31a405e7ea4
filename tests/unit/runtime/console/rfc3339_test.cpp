#include "runtime/console/rfc3339.hpp"

#include <gtest/gtest.h>

using namespace lode;
using namespace std::chrono_literals;

TEST(rfc3339_test, times_read_what_they_write) {
  auto time = instant{1'769'847'300s};
  EXPECT_EQ(format_time(time), "2026-01-31T08:15:00Z");
  EXPECT_EQ(parse_time(format_time(time)), time);
  EXPECT_EQ(format_time(time + 1us), "2026-01-31T08:15:00.000001Z");
  EXPECT_EQ(parse_time(format_time(time + 1us)), time + 1us);
  EXPECT_EQ(parse_time(format_time(instant{-1us})), instant{-1us});
}

TEST(rfc3339_test, offsets_and_short_fractions_are_understood) {
  EXPECT_EQ(parse_time("2026-01-31T10:15:00.5+02:00"), instant{1'769'847'300s} + 500ms);
  EXPECT_EQ(parse_time("2026-01-31T03:45:00-04:30"), instant{1'769'847'300s});
}

TEST(rfc3339_test, other_texts_are_refused) {
  for (auto text : {"", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T08:15:00", "2026-01-31T08:15:00.Z",
                    "2026-01-31T08:15:00.1234567Z", "2026-01-31T08:15:00Zx", "2026-01-31t08:15:00Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}
