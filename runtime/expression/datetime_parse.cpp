#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {

namespace {

constexpr int64_t first_moment = -62'135'596'800'000'000;
constexpr int64_t last_moment = 253'402'300'799'999'999;
// A format with more directives than this is not one that an API uses; the bound keeps backtracking small.
constexpr int most_directives = 24;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size()
         && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

constexpr std::string_view month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view day_names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

/// Matches text against a format as strptime's regular expression does: directives take as many
/// digits as they may and give some back when the rest does not match.
class matcher {
public:
  bool match(std::string_view text, std::string_view format) {
    if (format.empty())
      return text.empty();
    if (is_space(format[0]))
      return match_space(text, format);
    if (format[0] != '%' || format.size() < 2)
      return !text.empty() && lower(text[0]) == lower(format[0]) && match(text.substr(1), format.substr(1));
    if (++directives_ > most_directives * 64)
      return false;
    return match_directive(text, format[1], format.substr(2));
  }

  std::optional<date_time> moment() const {
    auto parts = parts_;
    if (afternoon_)
      parts.hour = parts.hour % 12 + (*afternoon_ ? 12 : 0);
    if (day_of_year_) {
      auto civil = to_civil(calendar_date{days_from_civil(parts.year, 1, 1) + *day_of_year_ - 1});
      parts.month = civil.month;
      parts.day = civil.day;
    }
    if (parts.year < 1 || parts.day > days_in_month(parts.year, parts.month))
      return std::nullopt;
    return from_civil(parts, offset_.value_or(0), offset_.has_value());
  }

private:
  bool match_space(std::string_view text, std::string_view format) {
    size_t spaces = 0;
    while (spaces < text.size() && is_space(text[spaces]))
      ++spaces;
    while (!format.empty() && is_space(format[0]))
      format.remove_prefix(1);
    return spaces > 0 && match(text.substr(spaces), format);
  }

  bool match_directive(std::string_view text, char directive, std::string_view rest) {
    switch (directive) {
      case 'Y':
        return number(text, rest, 4, 4, 1, 9999, [this](int n) { parts_.year = n; });
      case 'y':
        return number(text, rest, 2, 2, 0, 99, [this](int n) { parts_.year = n + (n < 69 ? 2000 : 1900); });
      case 'm':
        return number(text, rest, 1, 2, 1, 12, [this](int n) { parts_.month = n; });
      case 'd':
        return number(text, rest, 1, 2, 1, 31, [this](int n) { parts_.day = n; });
      case 'H':
        return number(text, rest, 1, 2, 0, 23, [this](int n) { parts_.hour = n; });
      case 'I':
        return number(text, rest, 1, 2, 1, 12, [this](int n) { parts_.hour = n; });
      case 'M':
        return number(text, rest, 1, 2, 0, 59, [this](int n) { parts_.minute = n; });
      case 'S':
        return number(text, rest, 1, 2, 0, 59, [this](int n) { parts_.second = n; });
      case 'j':
        return number(text, rest, 1, 3, 1, 366, [this](int n) { day_of_year_ = n; });
      case 'f':
        return fraction(text, rest);
      case 'z':
        return offset(text, rest);
      case 'Z':
        return word(text, rest, "UTC") || word(text, rest, "GMT");
      case 'p':
        return half_day(text, rest);
      case 'b':
      case 'B':
        return month_name(text, rest, directive == 'B');
      case 'a':
      case 'A':
        return day_name(text, rest, directive == 'A');
      case 'T':
        return match(text, "%H:%M:%S" + std::string{rest});
      case 'F':
        return match(text, "%Y-%m-%d" + std::string{rest});
      case '%':
        return !text.empty() && text[0] == '%' && match(text.substr(1), rest);
      default:
        return false;
    }
  }

  template <class Store>
  bool number(std::string_view text, std::string_view rest, size_t least, size_t most, int low, int high, Store store) {
    size_t digits = 0;
    while (digits < most && digits < text.size() && is_digit(text[digits]))
      ++digits;
    for (; digits >= least && digits > 0; --digits) {
      int found = 0;
      std::from_chars(text.data(), text.data() + digits, found);
      if (found < low || found > high)
        continue;
      auto saved = *this;
      store(found);
      if (match(text.substr(digits), rest))
        return true;
      auto used = directives_;
      *this = saved;
      directives_ = used;
    }
    return false;
  }

  bool fraction(std::string_view text, std::string_view rest) {
    size_t digits = 0;
    while (digits < 6 && digits < text.size() && is_digit(text[digits]))
      ++digits;
    for (; digits > 0; --digits) {
      int micros = 0;
      std::from_chars(text.data(), text.data() + digits, micros);
      for (auto i = digits; i < 6; ++i)
        micros *= 10;
      parts_.microsecond = micros;
      if (match(text.substr(digits), rest))
        return true;
    }
    return false;
  }

  bool offset(std::string_view text, std::string_view rest) {
    if (text.starts_with("Z") || text.starts_with("z")) {
      offset_ = 0;
      return match(text.substr(1), rest);
    }
    if (text.empty() || (text[0] != '+' && text[0] != '-'))
      return false;
    int sign = text[0] == '-' ? -1 : 1;
    auto tail = text.substr(1);
    auto two = [&tail](int most) -> std::optional<int> {
      if (tail.size() < 2 || !is_digit(tail[0]) || !is_digit(tail[1]))
        return std::nullopt;
      auto found = (tail[0] - '0') * 10 + tail[1] - '0';
      if (found > most)
        return std::nullopt;
      tail.remove_prefix(2);
      return found;
    };
    auto hours = two(23);
    if (tail.starts_with(":"))
      tail.remove_prefix(1);
    auto minutes = two(59);
    if (!hours || !minutes)
      return false;
    auto seconds = (*hours * 60 + *minutes) * 60;
    offset_ = sign * seconds;
    if (match(tail, rest))
      return true;
    if (tail.starts_with(":"))
      tail.remove_prefix(1);
    auto more = two(59);
    offset_ = sign * (seconds + more.value_or(0));
    return more && match(tail, rest);
  }

  bool word(std::string_view text, std::string_view rest, std::string_view expected) {
    if (!starts_with_ignoring_case(text, expected))
      return false;
    return match(text.substr(expected.size()), rest);
  }

  bool half_day(std::string_view text, std::string_view rest) {
    afternoon_ = starts_with_ignoring_case(text, "pm");
    return (*afternoon_ || starts_with_ignoring_case(text, "am")) && match(text.substr(2), rest);
  }

  bool month_name(std::string_view text, std::string_view rest, bool is_full) {
    for (int i = 0; i < 12; ++i) {
      parts_.month = i + 1;
      if (word(text, rest, is_full ? month_names[i] : month_names[i].substr(0, 3)))
        return true;
    }
    return false;
  }

  bool day_name(std::string_view text, std::string_view rest, bool is_full) {
    return std::any_of(std::begin(day_names), std::end(day_names), [&](std::string_view name) {
      return word(text, rest, is_full ? name : name.substr(0, 3));
    });
  }

  civil_time parts_{1900, 1, 1, 0, 0, 0, 0};
  std::optional<int32_t> offset_;
  std::optional<bool> afternoon_;
  std::optional<int> day_of_year_;
  int directives_ = 0;
};

failure mismatch(std::string_view text, std::string_view format) {
  return {"'" + std::string{text.substr(0, 100)} + "' is not a date of the format '" + std::string{format} + "'", 0};
}

result<date_time> from_epoch(std::string_view text, std::string_view format, int64_t micros_per_unit) {
  auto trimmed = text;
  while (!trimmed.empty() && is_space(trimmed.front()))
    trimmed.remove_prefix(1);
  while (!trimmed.empty() && is_space(trimmed.back()))
    trimmed.remove_suffix(1);
  if (trimmed.starts_with("+"))
    trimmed.remove_prefix(1);
  int64_t count = 0;
  auto [end, code] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), count);
  if (code != std::errc{} || end != trimmed.data() + trimmed.size() || trimmed.empty())
    return mismatch(text, format);
  if (count < first_moment / micros_per_unit || count > last_moment / micros_per_unit)
    return mismatch(text, format);
  return date_time{count * micros_per_unit, 0, true};
}

result<date_time> from_real_epoch(std::string_view text, std::string_view format) {
  std::string copy{text};
  char* end = nullptr;
  auto seconds = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || !(std::abs(seconds) < 2.6e11))
    return mismatch(text, format);
  auto micros = static_cast<int64_t>(std::nearbyint(seconds * 1e6));
  if (micros < first_moment || micros > last_moment)
    return mismatch(text, format);
  return date_time{micros, 0, true};
}

} // namespace

result<date_time> parse_date_time(std::string_view text, std::string_view format) {
  if (format == "%s")
    return from_epoch(text, format, 1'000'000);
  if (format == "%ms")
    return from_epoch(text, format, 1'000);
  if (format == "%epoch_microseconds")
    return from_epoch(text, format, 1);
  if (format == "%s_as_float")
    return from_real_epoch(text, format);
  std::string plain{format};
  for (auto at = plain.find("%_ms"); at != plain.npos; at = plain.find("%_ms"))
    plain.replace(at, 4, "%f");
  matcher match;
  if (text.size() > 1000 || std::count(plain.begin(), plain.end(), '%') > most_directives || !match.match(text, plain))
    return mismatch(text, format);
  auto moment = match.moment();
  if (!moment)
    return mismatch(text, format);
  return *moment;
}

result<date_time> parse_date_value(const value& item, std::string_view format) {
  if (item.is(kind::date_time))
    return item.moment();
  bool is_whole_epoch = format == "%s" || format == "%ms" || format == "%epoch_microseconds";
  if (item.is(kind::real) && is_whole_epoch && std::abs(item.real()) < 9e18)
    return parse_date_time(std::to_string(static_cast<int64_t>(item.real())), format);
  if (item.is(kind::undefined) || item.is(kind::none) || item.is(kind::list) || item.is(kind::map))
    return failure{"expected a date of the format '" + std::string{format} + "', found "
                     + std::string{kind_name(item.kind())},
                   0};
  return parse_date_time(to_text(item), format);
}

} // namespace lode::expression
