#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

/// Significant digits and the power of ten of the first: equal for texts of the same number.
std::pair<std::string, long> significant(std::string_view text) {
  auto mark = std::min(text.find_first_of("eE"), text.size());
  auto exponent = std::strtol(std::string{text.substr(std::min(mark + 1, text.size()))}.c_str(), nullptr, 10);
  std::string digits;
  long point = -1;
  for (char c : text.substr(0, mark)) {
    if (is_digit(c))
      digits += c;
    else if (c == '.')
      point = static_cast<long>(digits.size());
  }
  if (point < 0)
    point = static_cast<long>(digits.size());
  auto leading = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, leading);
  digits.erase(digits.find_last_not_of('0') + 1);
  return {digits, digits.empty() ? 0 : point - static_cast<long>(leading) + std::clamp(exponent, -100'000L, 100'000L)};
}

} // namespace

value number_from_text(std::string_view text) {
  bool is_whole = text.find_first_of(".eE") == text.npos;
  int64_t whole = 0;
  auto* last = text.data() + text.size();
  if (is_whole) {
    auto [end, code] = std::from_chars(text.data(), last, whole);
    if (code == std::errc{} && end == last)
      return whole;
    return number_text{std::string{text}};
  }
  double real = 0;
  auto [end, code] = std::from_chars(text.data(), last, real);
  if (code != std::errc{} || significant(text) != significant(real_to_text(real)))
    return number_text{std::string{text}};
  return real;
}

} // namespace lode::expression
