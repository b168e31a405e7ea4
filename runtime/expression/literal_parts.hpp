#pragma once

#include <optional>
#include <string>

#include "runtime/expression/text_cursor.hpp"
#include "runtime/expression/value.hpp"

/// The parts of Python literals that have a grammar of their own; internal to python_literal.cpp.
namespace lode::expression {

/// The value of a digit in bases up to 36; 99 for what is none.
constexpr int digit_of(char c) {
  if (is_digit(c))
    return c - '0';
  return is_letter(c) ? lower_case(c) - 'a' + 10 : 99;
}

/// Whether `c` goes on a word: after a number it makes both invalid.
constexpr bool is_name_character(char c) {
  return is_digit(c) || c == '_' || is_letter(c) || (c & 0x80) != 0;
}

/// A number without its sign. Integers beyond 64 bits keep their digits, up to the 4300 that Python reads.
std::optional<value> read_literal_number(text_cursor& in, bool is_negative);

/// Whether a string begins here, with or without a prefix (`r'`, `u"`).
bool is_at_literal_string(const text_cursor& in);

/// Appends the text of the string that begins here, with its quotes and prefix, to `out`. False: it is none that we read.
bool read_literal_string(text_cursor& in, std::string& out);

} // namespace lode::expression
