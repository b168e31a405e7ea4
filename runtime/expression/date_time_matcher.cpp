#include "runtime/expression/date_time_matcher.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "runtime/expression/calendar_names.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

constexpr int most_directives = 24;

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return lower_case(a) == lower_case(b);
         });
}

/// How many digits `text` begins with, up to `most`.
size_t count_digits(std::string_view text, size_t most) {
  size_t digits = 0;
  while (digits < most && digits < text.size() && is_digit(text[digits]))
    ++digits;
  return digits;
}

int number_of(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// Two digits of an offset, consumed.
std::optional<int> take_two_digits(text_cursor& in, int most) {
  if (count_digits(in.rest, 2) < 2 || number_of(in.rest.substr(0, 2)) > most)
    return std::nullopt;
  auto found = number_of(in.rest.substr(0, 2));
  in.skip(2);
  return found;
}

/// Directives whose number is a part of the time as it stands.
struct part_directive {
  char letter;
  int low, high;
  int civil_time::*part;
};

constexpr part_directive part_directives[] = {
  {'m', 1, 12, &civil_time::month}, {'d', 1, 31, &civil_time::day},    {'H', 0, 23, &civil_time::hour},
  {'I', 1, 12, &civil_time::hour},  {'M', 0, 59, &civil_time::minute}, {'S', 0, 59, &civil_time::second},
};

} // namespace

bool date_time_matcher::match(std::string_view text, std::string_view format) {
  return std::count(format.begin(), format.end(), '%') <= most_directives && match_rest(text, format);
}

bool date_time_matcher::match_rest(std::string_view text, std::string_view format) {
  if (format.empty())
    return text.empty();
  if (is_space(format[0]))
    return match_space(text, format);
  if (format[0] != '%' || format.size() < 2)
    return !text.empty() && lower_case(text[0]) == lower_case(format[0])
           && match_rest(text.substr(1), format.substr(1));
  if (++directives_ > most_directives * 64)
    return false;
  return match_directive(text, format[1], format.substr(2));
}

bool date_time_matcher::match_space(std::string_view text, std::string_view format) {
  auto end_of_space = [](std::string_view where) {
    return static_cast<size_t>(std::find_if_not(where.begin(), where.end(), is_space) - where.begin());
  };
  auto spaces = end_of_space(text);
  return spaces > 0 && match_rest(text.substr(spaces), format.substr(end_of_space(format)));
}

bool date_time_matcher::match_directive(std::string_view text, char directive, std::string_view format) {
  for (auto [letter, low, high, part] : part_directives)
    if (letter == directive)
      return match_number(text, format, {1, 2, low, high}, [&, part = part](int n) { parts_.*part = n; });
  switch (directive) {
    case 'Y':
      return match_number(text, format, {4, 4, 1, 9999}, [this](int n) { parts_.year = n; });
    case 'y':
      return match_number(text, format, {2, 2, 0, 99}, [this](int n) { parts_.year = n + (n < 69 ? 2000 : 1900); });
    case 'j':
      return match_number(text, format, {1, 3, 1, 366}, [this](int n) { day_of_year_ = n; });
    case 'f':
      return match_fraction(text, format);
    case 'z':
      return match_offset(text, format);
    case 'Z':
      return match_word(text, format, "UTC") || match_word(text, format, "GMT");
    case 'p':
      return match_half_day(text, format);
    case 'b':
    case 'B':
      return match_month(text, format, directive == 'B');
    case 'a':
    case 'A':
      return match_day(text, format, directive == 'A');
    case 'T':
      return match_rest(text, "%H:%M:%S" + std::string{format});
    case 'F':
      return match_rest(text, "%Y-%m-%d" + std::string{format});
    case '%':
      return text.starts_with('%') && match_rest(text.substr(1), format);
    default:
      return false;
  }
}

template <class Store>
bool date_time_matcher::match_number(std::string_view text, std::string_view format, number_form form, Store store) {
  for (auto digits = count_digits(text, form.most_digits); digits >= form.least_digits && digits > 0; --digits) {
    auto found = number_of(text.substr(0, digits));
    if (found < form.low || found > form.high)
      continue;
    auto saved = *this;
    store(found);
    if (match_rest(text.substr(digits), format))
      return true;
    saved.directives_ = directives_; // tries count, also those in vain
    *this = saved;
  }
  return false;
}

bool date_time_matcher::match_fraction(std::string_view text, std::string_view format) {
  for (auto digits = count_digits(text, 6); digits > 0; --digits) {
    parts_.microsecond = number_of(text.substr(0, digits));
    for (auto i = digits; i < 6; ++i)
      parts_.microsecond *= 10;
    if (match_rest(text.substr(digits), format))
      return true;
  }
  return false;
}

bool date_time_matcher::match_offset(std::string_view text, std::string_view format) {
  text_cursor in{text};
  if (in.take('Z') || in.take('z')) {
    offset_ = 0;
    return match_rest(in.rest, format);
  }
  int sign = in.take('-') ? -1 : 1;
  if (sign > 0 && !in.take('+'))
    return false;
  auto hours = take_two_digits(in, 23);
  in.take(':');
  auto minutes = take_two_digits(in, 59);
  if (!hours || !minutes)
    return false;
  auto seconds = (*hours * 60 + *minutes) * 60;
  offset_ = sign * seconds;
  if (match_rest(in.rest, format))
    return true;
  in.take(':');
  auto more = take_two_digits(in, 59);
  offset_ = sign * (seconds + more.value_or(0));
  return more && match_rest(in.rest, format);
}

bool date_time_matcher::match_word(std::string_view text, std::string_view format, std::string_view expected) {
  return starts_with_ignoring_case(text, expected) && match_rest(text.substr(expected.size()), format);
}

bool date_time_matcher::match_half_day(std::string_view text, std::string_view format) {
  afternoon_ = starts_with_ignoring_case(text, "pm");
  return (*afternoon_ || starts_with_ignoring_case(text, "am")) && match_rest(text.substr(2), format);
}

bool date_time_matcher::match_month(std::string_view text, std::string_view format, bool is_full) {
  for (size_t i = 0; i < month_names.size(); ++i) {
    parts_.month = static_cast<int>(i) + 1;
    if (match_word(text, format, is_full ? month_names[i] : abbreviated(month_names[i])))
      return true;
  }
  return false;
}

bool date_time_matcher::match_day(std::string_view text, std::string_view format, bool is_full) {
  return std::any_of(day_names.begin(), day_names.end(), [&](std::string_view name) {
    return match_word(text, format, is_full ? name : abbreviated(name));
  });
}

std::optional<date_time> date_time_matcher::moment() const {
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

} // namespace lode::expression
