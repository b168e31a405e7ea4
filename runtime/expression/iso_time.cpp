#include <algorithm>
#include <optional>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/date_text.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

/// Reads digits and separators from the front of a text.
struct reader : text_cursor {
  std::optional<int> digits(size_t count) {
    if (rest.size() < count)
      return std::nullopt;
    int number = 0;
    for (auto c : rest.substr(0, count)) {
      if (c < '0' || c > '9')
        return std::nullopt;
      number = number * 10 + (c - '0');
    }
    rest.remove_prefix(count);
    return number;
  }
};

bool read_date(reader& in, civil_time& parts) {
  auto year = in.digits(4);
  if (!year || *year == 0)
    return false;
  parts.year = *year;
  if (in.rest.empty())
    return true;
  bool is_extended = in.take('-');
  auto month = in.digits(2);
  if (!month || *month < 1 || *month > 12)
    return false;
  parts.month = *month;
  if (in.rest.empty())
    return is_extended; // YYYYMM is not a form of its own
  if (is_extended && !in.take('-'))
    return false;
  auto day = in.digits(2);
  parts.day = day.value_or(0);
  return parts.day >= 1 && parts.day <= days_in_month(parts.year, parts.month);
}

bool read_fraction(reader& in, civil_time& parts) {
  if (!in.take('.') && !in.take(','))
    return true;
  int digits = 0;
  for (; !in.rest.empty() && in.rest[0] >= '0' && in.rest[0] <= '9'; in.rest.remove_prefix(1), ++digits)
    if (digits < 6)
      parts.microsecond = parts.microsecond * 10 + (in.rest[0] - '0');
  if (digits == 0)
    return false;
  for (; digits < 6; ++digits)
    parts.microsecond *= 10;
  return true;
}

bool at_offset(const reader& in) {
  return in.rest.empty() || std::string_view{"Zz+-"}.find(in.rest[0]) != std::string_view::npos;
}

bool read_time(reader& in, civil_time& parts) {
  auto hour = in.digits(2);
  if (!hour || *hour > 24)
    return false;
  parts.hour = *hour;
  if (at_offset(in))
    return true;
  bool is_extended = in.take(':');
  auto minute = in.digits(2);
  if (!minute || *minute > 59)
    return false;
  parts.minute = *minute;
  if (at_offset(in))
    return true;
  if (is_extended && !in.take(':'))
    return false;
  auto second = in.digits(2);
  if (!second || *second > 59)
    return false;
  parts.second = *second;
  return read_fraction(in, parts);
}

std::optional<int32_t> read_offset(reader& in) {
  if (in.take('Z') || in.take('z'))
    return 0;
  int sign = in.take('-') ? -1 : 1;
  if (sign == 1 && !in.take('+'))
    return std::nullopt;
  auto hours = in.digits(2);
  if (!hours || *hours > 23)
    return std::nullopt;
  if (in.rest.empty())
    return sign * *hours * 3600;
  in.take(':');
  auto minutes = in.digits(2);
  if (!minutes || *minutes > 59)
    return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<date_time> read_moment(std::string_view text) {
  reader in{{text}};
  civil_time parts;
  if (!read_date(in, parts))
    return std::nullopt;
  if (in.rest.empty())
    return from_civil(parts, 0, false);
  in.rest.remove_prefix(1); // any one character separates date and time
  if (!read_time(in, parts))
    return std::nullopt;
  bool is_end_of_day = parts.hour == 24;
  if (is_end_of_day && (parts.minute != 0 || parts.second != 0 || parts.microsecond != 0))
    return std::nullopt;
  if (is_end_of_day)
    parts.hour = 0;
  auto offset = in.rest.empty() ? std::optional<int32_t>{} : read_offset(in);
  if (!in.rest.empty())
    return std::nullopt;
  auto moment = from_civil(parts, offset.value_or(0), offset.has_value());
  return is_end_of_day ? add(moment, {0, 86'400'000'000}) : moment;
}

// Longest number of digits that cannot overflow, whatever the unit.
constexpr size_t most_digits = 6;

/// Adds "<number><unit>" of a duration; false when it is malformed.
bool add_part(reader& in, bool is_time, int& last_unit, calendar_duration& span) {
  size_t digits = in.rest.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits > 12)
    return false;
  int64_t whole = 0;
  for (auto c : in.rest.substr(0, digits))
    whole = whole * 10 + (c - '0');
  in.rest.remove_prefix(digits);
  std::string_view fraction;
  if (in.take('.') || in.take(',')) {
    auto end = std::min(in.rest.find_first_not_of("0123456789"), in.rest.size());
    fraction = in.rest.substr(0, end);
    in.rest.remove_prefix(end);
    if (fraction.empty())
      return false;
  }
  if (in.rest.empty())
    return false;
  constexpr int64_t second = 1'000'000, day = 86'400 * second;
  constexpr std::string_view date_units = "YMWD", time_units = "HMS";
  constexpr int64_t date_sizes[] = {0, 0, 7 * day, day}, time_sizes[] = {3600 * second, 60 * second, second};
  auto unit = static_cast<int>((is_time ? time_units : date_units).find(in.rest[0]));
  if (unit < 0 || unit <= last_unit)
    return false;
  last_unit = unit;
  in.rest.remove_prefix(1);
  if (!is_time && unit < 2) {
    span.months += whole * (unit == 0 ? 12 : 1);
    return fraction.empty() && whole <= 120'000;
  }
  auto size = is_time ? time_sizes[unit] : date_sizes[unit];
  constexpr int64_t longest = 10'000 * 366 * day;
  if (whole > longest / size)
    return false;
  span.microseconds += whole * size;
  for (auto c : fraction.substr(0, most_digits + 6))
    span.microseconds += (c - '0') * (size /= 10);
  return span.microseconds <= longest;
}

} // namespace

result<date_time> parse_iso_date_time(std::string_view text) {
  auto moment = read_moment(text);
  if (!moment)
    return failure{shown_date(text) + " is not an ISO-8601 date, e.g. 2024-01-31T10:00:00Z", 0};
  return *moment;
}

result<calendar_duration> parse_iso_duration(std::string_view text) {
  auto malformed = failure{shown_date(text) + " is not an ISO-8601 duration, e.g. P1D or PT0.001S", 0};
  reader in{{text}};
  bool is_negative = in.take('-');
  if (!is_negative)
    in.take('+');
  if (!in.take('P') || in.rest.empty())
    return malformed;
  calendar_duration span;
  bool is_time = false;
  for (int last_unit = -1; !in.rest.empty();) {
    if (!is_time && in.take('T')) {
      is_time = true;
      last_unit = -1;
      if (in.rest.empty())
        return malformed;
    }
    if (!add_part(in, is_time, last_unit, span))
      return malformed;
  }
  if (is_negative)
    span = {-span.months, -span.microseconds};
  return span;
}

} // namespace lode::expression
