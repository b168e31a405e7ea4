#pragma once

#include <string_view>

/// Letters and digits of grammars: never of people's text, which is Unicode (utf8.hpp); internal to this folder.
namespace lode::expression {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What C's isspace() knows.
constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// What is left of a text that is read from its front.
struct text_cursor {
  std::string_view rest;

  /// U+0000 behind the end.
  char peek(size_t ahead = 0) const { return ahead < rest.size() ? rest[ahead] : '\0'; }
  void skip(size_t count) { rest.remove_prefix(count); }
  /// Steps over `wanted` if it stands here.
  bool take(char wanted) {
    if (!rest.starts_with(wanted))
      return false;
    skip(1);
    return true;
  }
};

} // namespace lode::expression
