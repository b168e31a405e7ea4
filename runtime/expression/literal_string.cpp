#include "runtime/expression/literal_parts.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

bool is_quote(char c) {
  return c == '\'' || c == '"';
}

/// `\x41`, `\u00e4`, `\U0001f600`: the digits.
bool read_code(text_cursor& in, size_t digits, std::string& out) {
  char32_t point = 0;
  for (size_t i = 0; i < digits; ++i, in.skip(1)) {
    if (digit_of(in.peek()) >= 16)
      return false;
    point = point * 16 + static_cast<char32_t>(digit_of(in.peek()));
  }
  if (point > 0x10ffff)
    return false;
  append_utf8(out, point);
  return true;
}

/// Up to three octal digits, of which the first was read.
void read_octal(text_cursor& in, char first, std::string& out) {
  auto point = static_cast<char32_t>(digit_of(first));
  for (int i = 0; i < 2 && digit_of(in.peek()) < 8; ++i, in.skip(1))
    point = point * 8 + static_cast<char32_t>(digit_of(in.peek()));
  append_utf8(out, point);
}

/// What follows a backslash.
bool read_escape(text_cursor& in, bool is_raw, std::string& out) {
  if (in.rest.empty())
    return false;
  char c = in.peek();
  in.skip(1);
  if (is_raw) {
    out += {'\\', c};
    return true;
  }
  constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
  if (auto at = letters.find(c); at != letters.npos) {
    out += meanings[at];
    return true;
  }
  if (c == 'x' || c == 'u' || c == 'U')
    return read_code(in, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
  if (c == 'N')
    return false; // named characters need Unicode's list of names
  if (digit_of(c) < 8)
    read_octal(in, c, out);
  else if (c != '\n') // an escaped line break is no text
    out += {'\\', c};
  return true;
}

} // namespace

bool is_at_literal_string(const text_cursor& in) {
  bool has_prefix = !in.rest.empty() && std::string_view{"rRuU"}.find(in.peek()) != std::string_view::npos;
  return is_quote(in.peek(has_prefix ? 1 : 0));
}

bool read_literal_string(text_cursor& in, std::string& out) {
  bool is_raw = in.peek() == 'r' || in.peek() == 'R';
  if (!is_quote(in.peek()))
    in.skip(1);
  char quote = in.peek();
  auto is_triple_here = [&] { return in.peek() == quote && in.peek(1) == quote && in.peek(2) == quote; };
  bool is_triple = is_triple_here();
  in.skip(is_triple ? 3 : 1);
  while (!in.rest.empty()) {
    char c = in.peek();
    if (is_triple ? is_triple_here() : c == quote) {
      in.skip(is_triple ? 3 : 1);
      return true;
    }
    if (c == '\0' || (c == '\n' && !is_triple))
      return false;
    in.skip(1);
    if (c != '\\')
      out += c;
    else if (!read_escape(in, is_raw, out))
      return false;
  }
  return false;
}

} // namespace lode::expression
