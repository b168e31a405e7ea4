#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simapi {

/// Appends `2024-05-01T10:20:30` (UTC); the caller adds fraction and zone. `time` is in milliseconds since 1970.
void append_seconds(std::string& out, int64_t time);

/// Appends `2024-05-01T10:20:30.123`.
void append_milliseconds(std::string& out, int64_t time);

/// `Wed, 01 May 2024 10:20:30 GMT`, as in a Date header.
std::string http_date(int64_t time);

/// Reads a date or date-time with optional fraction and zone (none = UTC), or a whole number counted in `number_unit_ms`
/// (1000: seconds, 1: milliseconds). Answers milliseconds since 1970, or nothing if the text is neither.
std::optional<int64_t> parse_time(std::string_view text, int64_t number_unit_ms);

/// The time rounded down to whole seconds.
constexpr int64_t floor_second(int64_t time) {
  return time - ((time % 1000) + 1000) % 1000;
}

} // namespace simapi
