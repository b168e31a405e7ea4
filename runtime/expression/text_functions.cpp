#include "runtime/expression/text_functions.hpp"

#include "runtime/expression/python_text.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

constexpr size_t longest_text = 1 << 20;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'
         || c == '~';
}

bool is_letter(char32_t point) {
  return point >= 0x80 || (point >= U'a' && point <= U'z') || (point >= U'A' && point <= U'Z');
}

} // namespace

std::string url_encode(std::string_view text, std::string_view safe, bool plus) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c) || safe.find(c) != safe.npos)
      out += c;
    else if (plus && c == ' ')
      out += '+';
    else
      out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string strip(std::string_view text, std::string_view characters, side which) {
  auto points = to_code_points(text);
  auto unwanted = characters.empty() ? std::u32string{U" \t\n\r\f\v\u0085\u00a0\u2028\u2029\u3000"} : to_code_points(characters);
  std::u32string_view rest{points};
  while (which != side::right && !rest.empty() && unwanted.find(rest.front()) != unwanted.npos)
    rest.remove_prefix(1);
  while (which != side::left && !rest.empty() && unwanted.find(rest.back()) != unwanted.npos)
    rest.remove_suffix(1);
  return to_utf8(rest);
}

value replace_text(evaluation& run, std::string_view text, std::string_view old, std::string_view with, int64_t count) {
  if (old.empty())
    return run.fail("replace expects the text to replace, found an empty one");
  std::string out;
  for (size_t at = 0; at < text.size() || count != 0;) {
    auto found = count == 0 ? text.npos : text.find(old, at);
    out += text.substr(at, found == text.npos ? text.npos : found - at);
    if (found == text.npos)
      break;
    out += with;
    at = found + old.size();
    --count;
    if (out.size() > longest_text)
      return run.fail("the result of replace is longer than 1 MiB");
  }
  return out;
}

std::string capitalize(std::string_view text, bool each_word) {
  std::string out;
  bool is_start = true;
  for (auto point : to_code_points(text)) {
    auto one = to_utf8({&point, 1});
    out += is_start ? to_upper(one) : to_lower(one);
    is_start = each_word && !is_letter(point);
  }
  return out;
}

std::string text_or(const value& given, std::string_view otherwise) {
  return given.is(kind::undefined) ? std::string{otherwise} : to_text(given);
}

int64_t integer_or(evaluation& run, const value& given, int64_t otherwise) {
  if (given.is(kind::integer))
    return given.integer();
  if (!given.is(kind::undefined) && !given.is(kind::none))
    run.fail("expected an integer, found " + std::string{kind_name(given.kind())});
  return otherwise;
}

} // namespace lode::expression
