#include "runtime/expression/date_text.hpp"

#include <algorithm>

#include "runtime/expression/calendar_names.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

constexpr size_t longest_date = 40;
constexpr std::string_view separators = "-+:./, ";

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower_case(x) == lower_case(y); });
}

/// A name of the calendar, or the letters of ISO 8601: T, Z and the units of durations.
bool is_date_word(std::string_view word) {
  constexpr std::array<std::string_view, 4> others{"AM", "PM", "UTC", "GMT"};
  const auto is_name = [&](std::string_view name) {
    return equals_ignoring_case(word, name) || equals_ignoring_case(word, abbreviated(name));
  };
  return word.find_first_not_of("TZPYMWDHS") == word.npos || std::ranges::any_of(month_names, is_name)
         || std::ranges::any_of(day_names, is_name) || std::ranges::find(others, word) != others.end();
}

bool looks_like_a_date(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    auto from = at;
    while (at < text.size() && is_letter(text[at]))
      ++at;
    if (at > from && !is_date_word(text.substr(from, at - from)))
      return false;
    if (at == from && !is_digit(text[at]) && separators.find(text[at]) == separators.npos)
      return false;
    at += at == from;
  }
  return text.size() <= longest_date;
}

} // namespace

std::string shown_date(std::string_view text) {
  if (looks_like_a_date(text))
    return "'" + std::string{text} + "'";
  return "a text of " + std::to_string(text.size()) + " bytes";
}

} // namespace lode::expression
