#pragma once

#include <cstdint>

namespace lode::expression {

/// An instant with microsecond resolution that remembers the offset it was written with.
struct date_time {
  int64_t microseconds = 0;   ///< since 1970-01-01T00:00:00Z
  int32_t offset_seconds = 0; ///< east of UTC; only for printing
  bool aware = true;          ///< false: written without an offset, taken as UTC

  /// Two instants are equal when they are the same moment, however written.
  friend bool operator==(const date_time& left, const date_time& right) {
    return left.microseconds == right.microseconds;
  }
};

/// A day without a time.
struct calendar_date {
  int64_t days = 0; ///< since 1970-01-01

  friend bool operator==(const calendar_date&, const calendar_date&) = default;
};

/// A span of time; months are calendar months (a year is twelve of them).
struct calendar_duration {
  int64_t months = 0;
  int64_t microseconds = 0;

  bool empty() const noexcept { return months == 0 && microseconds == 0; }
  friend bool operator==(const calendar_duration&, const calendar_duration&) = default;
};

} // namespace lode::expression
