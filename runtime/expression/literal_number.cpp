#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "runtime/expression/literal_parts.hpp"

namespace lode::expression {

namespace {

// Python refuses to convert longer integers.
constexpr size_t most_digits = 4300;

/// Decimal text of an integer written in another base.
std::string to_decimal(std::string_view digits, uint32_t base) {
  std::vector<uint32_t> parts{0}; // base 10^9, least first
  for (char c : digits) {
    uint64_t carry = static_cast<uint64_t>(digit_of(c));
    for (auto& part : parts) {
      carry += uint64_t{part} * base;
      part = static_cast<uint32_t>(carry % 1'000'000'000);
      carry /= 1'000'000'000;
    }
    if (carry != 0)
      parts.push_back(static_cast<uint32_t>(carry));
  }
  auto out = std::to_string(parts.back());
  for (auto part = parts.rbegin() + 1; part != parts.rend(); ++part) {
    auto text = std::to_string(*part);
    out += std::string(9 - text.size(), '0') + text;
  }
  return out;
}

value integer_value(std::string_view digits, bool is_negative) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  auto text = (is_negative ? "-" : "") + std::string{digits};
  int64_t number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{})
    return number;
  return number_text{std::move(text)};
}

/// Appends digits of a base with single underscores between them, without the underscores. False: there are none.
bool take_digits(text_cursor& in, int base, std::string& digits) {
  auto size = digits.size();
  for (char before = '\0';; before = in.peek(), in.skip(1)) {
    if (digit_of(in.peek()) < base)
      digits += in.peek();
    else if (in.peek() != '_' || digits.size() == size || before == '_' || digit_of(in.peek(1)) >= base)
      return digits.size() > size;
  }
}

/// Whether an exponent stands here; without digits it is none.
bool is_at_exponent(const text_cursor& in) {
  bool has_sign = in.peek(1) == '+' || in.peek(1) == '-';
  return lower_case(in.peek()) == 'e' && is_digit(in.peek(has_sign ? 2 : 1));
}

/// What follows `0x`, `0o` or `0b`.
std::optional<value> read_prefixed(text_cursor& in, bool is_negative, int base) {
  in.skip(2);
  in.take('_');
  std::string digits;
  if (!take_digits(in, base, digits) || is_name_character(in.peek()) || digits.size() > most_digits)
    return std::nullopt;
  return integer_value(to_decimal(digits, static_cast<uint32_t>(base)), is_negative);
}

} // namespace

std::optional<value> read_literal_number(text_cursor& in, bool is_negative) {
  char prefix = lower_case(in.peek(1));
  if (in.peek() == '0' && (prefix == 'x' || prefix == 'o' || prefix == 'b'))
    return read_prefixed(in, is_negative, prefix == 'x' ? 16 : prefix == 'o' ? 8 : 2);
  std::string digits;
  bool has_whole = take_digits(in, 10, digits);
  auto real = digits;
  bool is_real = in.peek() == '.' && (has_whole || is_digit(in.peek(1)));
  if (is_real) {
    in.skip(1);
    real += '.';
    take_digits(in, 10, real);
  }
  if (!has_whole && !is_real)
    return std::nullopt;
  if (is_at_exponent(in)) {
    real += {'e', in.peek(1)};
    in.skip(2);
    take_digits(in, 10, real);
    is_real = true;
  }
  if (is_name_character(in.peek()) || digits.size() > most_digits)
    return std::nullopt;
  if (is_real) {
    auto number = std::strtod(real.c_str(), nullptr);
    return value{is_negative ? -number : number};
  }
  if (digits[0] == '0' && digits.find_first_not_of('0') != digits.npos)
    return std::nullopt; // 007 is no number in Python
  return integer_value(digits, is_negative);
}

} // namespace lode::expression
