#pragma once

#include <cstdint>
#include <string>

#include "runtime/expression/datetime.hpp"

namespace lode::expression {

/// A moment taken apart in its own offset.
struct civil_time {
  int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, microsecond = 0;
};

/// Division that rounds down, as Python's `//` does.
constexpr int64_t floor_divide(int64_t left, int64_t right) {
  auto quotient = left / right;
  return (left % right != 0 && (left < 0) != (right < 0)) ? quotient - 1 : quotient;
}

/// Proleptic Gregorian calendar.
int days_in_month(int64_t year, int month);
int64_t days_from_civil(int64_t year, int month, int day);
civil_time to_civil(date_time moment);
civil_time to_civil(calendar_date day);
/// The moment of a wall time at an offset.
date_time from_civil(const civil_time& parts, int32_t offset_seconds, bool aware);
/// 0 is Monday.
int weekday(int64_t days);

/// Calendar months first (the day is cut to the month's length), then the exact rest.
date_time add(date_time moment, const calendar_duration& span);
date_time subtract(date_time moment, const calendar_duration& span);
calendar_date day_of(date_time moment);
date_time midnight(calendar_date day);

/// `2024-01-31T10:00:00.500000+00:00`, as Python's isoformat.
std::string iso_text(date_time moment, char separator);
std::string iso_text(calendar_date day);

} // namespace lode::expression
