#include <algorithm>
#include <charconv>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/text_cursor.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

constexpr int deepest = 256;

/// Recursive descent over RFC 8259's grammar. Every function begins at the first byte of what it reads; false: it failed at
/// the place where the cursor stands, and `expected_` says what should be there.
class json_reader : private text_cursor {
public:
  explicit json_reader(std::string_view text) : text_cursor{text}, size_(text.size()) {}

  result<value> read() {
    value out;
    if (read_value(out, 0)) {
      skip_space();
      if (rest.empty())
        return out;
      expected_ = "the end of the text";
    }
    return failure{"not JSON at byte " + std::to_string(size_ - rest.size() + 1) + ": expected " + expected_, 0};
  }

private:
  void skip_space() { skip(std::min(rest.find_first_not_of(" \t\n\r"), rest.size())); }

  bool fail(const char* expected) {
    expected_ = expected;
    return false;
  }

  bool read_value(value& out, int depth) {
    if (depth > deepest)
      return fail("less than 256 levels");
    skip_space();
    switch (peek()) {
      case '{':
        return read_map(out, depth);
      case '[':
        return read_list(out, depth);
      case '"':
        return read_text(out);
      case 't':
        return read_word("true", value{true}, out);
      case 'f':
        return read_word("false", value{false}, out);
      case 'n':
        return read_word("null", value{none_value{}}, out);
      default:
        return read_number(out);
    }
  }

  bool read_word(std::string_view word, value meaning, value& out) {
    if (!rest.starts_with(word))
      return fail("a value");
    skip(word.size());
    out = std::move(meaning);
    return true;
  }

  bool read_list(value& out, int depth) {
    value_list items;
    take('[');
    skip_space();
    if (!take(']')) {
      do {
        if (!read_value(items.emplace_back(), depth + 1))
          return false;
        skip_space();
      } while (take(','));
      if (!take(']'))
        return fail("',' or ']'");
    }
    out = std::move(items);
    return true;
  }

  bool read_map(value& out, int depth) {
    std::vector<value_map::entry> entries;
    take('{');
    skip_space();
    if (!take('}')) {
      do {
        skip_space();
        auto& [key, item] = entries.emplace_back();
        if (peek() != '"' || !read_string(key))
          return fail("a key in quotes");
        skip_space();
        if (!take(':'))
          return fail("':'");
        if (!read_value(item, depth + 1))
          return false;
        skip_space();
      } while (take(','));
      if (!take('}'))
        return fail("',' or '}'");
    }
    out = value_map{std::move(entries)};
    return true;
  }

  bool read_number(value& out) {
    auto start = rest;
    take('-');
    if (!take('0') && !skip_digits())
      return fail("a value");
    if (take('.') && !skip_digits())
      return fail("digits");
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      if (!skip_digits())
        return fail("digits");
    }
    out = number_from_text(start.substr(0, start.size() - rest.size()));
    return true;
  }

  bool skip_digits() {
    auto size = rest.size();
    while (is_digit(peek()))
      skip(1);
    return rest.size() < size;
  }

  bool read_text(value& out) {
    std::string text;
    if (!read_string(text))
      return false;
    out = std::move(text);
    return true;
  }

  bool read_string(std::string& out) {
    take('"');
    for (;;) {
      auto plain = std::min(rest.find_first_of("\"\\"), rest.size());
      out.append(rest.substr(0, plain));
      skip(plain);
      if (take('"'))
        return true;
      if (!take('\\'))
        return fail("'\"'");
      if (!read_escape(out))
        return false;
    }
  }

  bool read_escape(std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (auto at = rest.empty() ? letters.npos : letters.find(rest.front()); at != letters.npos) {
      out += meanings[at];
      skip(1);
      return true;
    }
    char32_t point = 0;
    if (!take('u') || !read_code(point))
      return fail("an escape");
    bool is_high = point >= 0xd800 && point < 0xdc00;
    if (is_high && rest.starts_with("\\u"))
      read_low_half(point);
    // A lone surrogate is no character: the replacement stands for it.
    append_utf8(out, point >= 0xd800 && point < 0xe000 ? char32_t{0xfffd} : point);
    return true;
  }

  /// Completes the pair that `point` begins, if the escape that follows is its second half.
  void read_low_half(char32_t& point) {
    auto before = rest;
    char32_t low = 0;
    skip(2);
    if (read_code(low) && low >= 0xdc00 && low < 0xe000)
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    else
      rest = before;
  }

  bool read_code(char32_t& point) {
    auto digits = rest.substr(0, 4);
    uint32_t number = 0;
    auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (digits.size() < 4 || code != std::errc{} || end != digits.data() + 4)
      return false;
    skip(4);
    point = number;
    return true;
  }

  size_t size_;
  const char* expected_ = "";
};

} // namespace

result<value> parse_json(std::string_view text) {
  return json_reader{text}.read();
}

} // namespace lode::expression
