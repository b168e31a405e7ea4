#include "runtime/expression/python_literal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

constexpr int deepest = 100;
// Python refuses to convert longer integers.
constexpr size_t most_digits = 4300;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int digit_of(char c) {
  if (is_digit(c))
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

bool is_name_character(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

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

class literal_reader {
public:
  explicit literal_reader(std::string_view text) : rest_(text) {}

  std::optional<value> read() {
    while (peek() == ' ' || peek() == '\t')
      rest_.remove_prefix(1);
    if (peek() == '\n') {
      skip_space(true);
      if (auto previous = rest_.data()[-1]; previous == ' ' || previous == '\t')
        return std::nullopt; // an indented first line is an error in Python
    }
    auto found = read_value(0);
    if (!found)
      return std::nullopt;
    skip_space(true);
    return rest_.empty() ? found : std::nullopt;
  }

private:
  char peek(size_t ahead = 0) const { return ahead < rest_.size() ? rest_[ahead] : '\0'; }

  bool take(char wanted) {
    if (peek() != wanted || rest_.empty())
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_space(bool newlines) {
    for (;;) {
      char c = peek();
      if (c == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (!rest_.empty() && (c == ' ' || c == '\t' || c == '\f' || (newlines && (c == '\n' || c == '\r')))) {
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }

  std::optional<value> read_value(int depth) {
    if (depth > deepest)
      return std::nullopt;
    skip_space(depth > 0);
    char c = peek();
    if (c == '[')
      return read_list(depth);
    if (c == '{')
      return read_map(depth);
    if (c == '(')
      return read_group(depth);
    if (c == '+' || c == '-') {
      rest_.remove_prefix(1);
      skip_space(depth > 0);
      return read_number(c == '-');
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1))))
      return read_number(false);
    if (is_string_start())
      return read_strings(depth);
    return read_word();
  }

  std::optional<value> read_word() {
    size_t size = 0;
    while (size < rest_.size() && is_name_character(rest_[size]))
      ++size;
    auto word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (word == "True")
      return value{true};
    if (word == "False")
      return value{false};
    if (word == "None")
      return value{none_value{}};
    return std::nullopt;
  }

  std::optional<value> read_list(int depth) {
    take('[');
    value_list items;
    for (;;) {
      skip_space(true);
      if (take(']'))
        return value{std::move(items)};
      auto item = read_value(depth + 1);
      if (!item)
        return std::nullopt;
      items.push_back(std::move(*item));
      skip_space(true);
      if (!take(',') && peek() != ']')
        return std::nullopt;
    }
  }

  std::optional<value> read_map(int depth) {
    take('{');
    std::vector<value_map::entry> entries;
    for (;;) {
      skip_space(true);
      if (take('}'))
        return value{value_map{std::move(entries)}};
      auto key = read_value(depth + 1);
      skip_space(true);
      if (!key || !key->is(kind::string) || !take(':'))
        return std::nullopt;
      auto item = read_value(depth + 1);
      if (!item)
        return std::nullopt;
      entries.emplace_back(key->string(), std::move(*item));
      skip_space(true);
      if (!take(',') && peek() != '}')
        return std::nullopt;
    }
  }

  // Parentheses around one value; with a comma it is a tuple, which we do not read.
  std::optional<value> read_group(int depth) {
    take('(');
    auto item = read_value(depth + 1);
    skip_space(true);
    return item && take(')') ? item : std::nullopt;
  }

  /// Digits of a base with single underscores between them, without the underscores.
  bool take_digits(int base, std::string& digits) {
    auto size = digits.size();
    for (;;) {
      if (digit_of(peek()) < base)
        digits += peek();
      else if (!(peek() == '_' && digits.size() > size && digit_of(peek(1)) < base && rest_.data()[-1] != '_'))
        return digits.size() > size;
      rest_.remove_prefix(1);
    }
  }

  std::optional<value> read_number(bool is_negative) {
    char prefix = static_cast<char>(peek(1) | 0x20);
    if (peek() == '0' && (prefix == 'x' || prefix == 'o' || prefix == 'b'))
      return read_prefixed(is_negative, prefix == 'x' ? 16 : prefix == 'o' ? 8 : 2);
    std::string digits;
    bool has_whole = take_digits(10, digits);
    auto real = digits;
    bool is_real = false;
    if (peek() == '.' && (has_whole || is_digit(peek(1)))) {
      rest_.remove_prefix(1);
      real += '.';
      take_digits(10, real);
      is_real = true;
    }
    if (!has_whole && !is_real)
      return std::nullopt;
    if ((peek() | 0x20) == 'e' && (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2))))) {
      real += {'e', peek(1)};
      rest_.remove_prefix(2);
      take_digits(10, real);
      is_real = true;
    }
    if (is_name_character(peek()) || digits.size() > most_digits)
      return std::nullopt;
    if (is_real) {
      auto number = std::strtod(real.c_str(), nullptr);
      return value{is_negative ? -number : number};
    }
    if (digits[0] == '0' && digits.find_first_not_of('0') != digits.npos)
      return std::nullopt; // 007 is no number in Python
    return integer_value(digits, is_negative);
  }

  std::optional<value> read_prefixed(bool is_negative, int base) {
    rest_.remove_prefix(2);
    if (peek() == '_')
      rest_.remove_prefix(1);
    std::string digits;
    if (!take_digits(base, digits) || is_name_character(peek()) || digits.size() > most_digits)
      return std::nullopt;
    return integer_value(to_decimal(digits, static_cast<uint32_t>(base)), is_negative);
  }

  bool is_string_start() const {
    size_t at = 0;
    while (at < 2 && std::string_view{"rRuU"}.find(peek(at)) != std::string_view::npos && peek(at) != '\0')
      ++at;
    bool is_prefix = at < 2;
    return is_prefix && (peek(at) == '\'' || peek(at) == '"');
  }

  std::optional<value> read_strings(int depth) {
    std::string all;
    while (is_string_start()) {
      bool is_raw = peek() == 'r' || peek() == 'R';
      if (peek() != '\'' && peek() != '"')
        rest_.remove_prefix(1);
      if (!read_string(is_raw, all))
        return std::nullopt;
      skip_space(depth > 0);
    }
    return value{std::move(all)};
  }

  bool read_string(bool is_raw, std::string& out) {
    char quote = peek();
    bool is_triple = peek(1) == quote && peek(2) == quote;
    rest_.remove_prefix(is_triple ? 3 : 1);
    for (;;) {
      if (rest_.empty())
        return false;
      char c = peek();
      if (c == quote && (!is_triple || (peek(1) == quote && peek(2) == quote))) {
        rest_.remove_prefix(is_triple ? 3 : 1);
        return true;
      }
      if (c == '\0' || (c == '\n' && !is_triple))
        return false;
      rest_.remove_prefix(1);
      if (c != '\\')
        out += c;
      else if (!read_escape(is_raw, out))
        return false;
    }
  }

  bool read_escape(bool is_raw, std::string& out) {
    if (rest_.empty())
      return false;
    char c = peek();
    rest_.remove_prefix(1);
    if (is_raw) {
      out += {'\\', c};
      return true;
    }
    constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
    if (auto at = letters.find(c); at != letters.npos) {
      out += meanings[at];
      return true;
    }
    if (c == '\n')
      return true;
    if (c == 'x' || c == 'u' || c == 'U')
      return read_code(c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
    if (c >= '0' && c <= '7')
      return read_octal(c, out);
    if (c == 'N')
      return false; // named characters need Unicode's list of names
    out += {'\\', c};
    return true;
  }

  bool read_code(size_t digits, std::string& out) {
    char32_t point = 0;
    for (size_t i = 0; i < digits; ++i, rest_.remove_prefix(1)) {
      if (digit_of(peek()) >= 16)
        return false;
      point = point * 16 + static_cast<char32_t>(digit_of(peek()));
    }
    if (point > 0x10ffff)
      return false;
    append_utf8(out, point);
    return true;
  }

  bool read_octal(char first, std::string& out) {
    char32_t point = static_cast<char32_t>(first - '0');
    for (int i = 0; i < 2 && peek() >= '0' && peek() <= '7'; ++i, rest_.remove_prefix(1))
      point = point * 8 + static_cast<char32_t>(peek() - '0');
    append_utf8(out, point);
    return true;
  }

  std::string_view rest_;
};

} // namespace

std::optional<value> read_python_literal(std::string_view text) {
  // Most texts begin with a letter that begins no literal: leave at once.
  if (text.empty() || text.find('\0') != text.npos)
    return std::nullopt;
  return literal_reader{text}.read();
}

} // namespace lode::expression
