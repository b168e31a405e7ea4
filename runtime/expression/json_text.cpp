#include "runtime/expression/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "runtime/expression/python_text.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

constexpr int deepest = 256;

/// Significant digits and the power of ten of the first: equal for texts of the same number.
std::pair<std::string, long> significant(std::string_view text) {
  std::string digits;
  long exponent = 0, point = -1;
  for (size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c >= '0' && c <= '9')
      digits += c;
    else if (c == '.')
      point = static_cast<long>(digits.size());
    else if (c == 'e' || c == 'E')
      exponent = std::strtol(std::string{text.substr(at + 1)}.c_str(), nullptr, 10);
    if (c == 'e' || c == 'E')
      break;
  }
  if (point < 0)
    point = static_cast<long>(digits.size());
  auto leading = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, leading);
  digits.erase(digits.find_last_not_of('0') + 1);
  return {digits, digits.empty() ? 0 : point - static_cast<long>(leading) + std::clamp(exponent, -100'000L, 100'000L)};
}

class json_reader {
public:
  explicit json_reader(std::string_view text) : text_(text) {}

  result<value> read() {
    value out;
    if (read_value(out, 0)) {
      skip_space();
      if (at_ == text_.size())
        return out;
      expected_ = "the end of the text";
    }
    return failure{"not JSON at byte " + std::to_string(at_ + 1) + ": expected " + expected_, 0};
  }

private:
  void skip_space() {
    while (at_ < text_.size() && std::string_view{" \t\n\r"}.find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    if (peek() != wanted || at_ == text_.size())
      return false;
    ++at_;
    return true;
  }
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
      case '"': {
        std::string text;
        if (!read_string(text))
          return false;
        out = std::move(text);
        return true;
      }
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
    if (text_.substr(at_, word.size()) != word)
      return fail("a value");
    at_ += word.size();
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
    auto start = at_;
    take('-');
    auto digits = [this] {
      auto before = at_;
      while (peek() >= '0' && peek() <= '9')
        ++at_;
      return at_ > before;
    };
    if (!take('0') && !digits())
      return fail("a value");
    if (take('.') && !digits())
      return fail("digits");
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      if (!digits())
        return fail("digits");
    }
    out = number_from_text(text_.substr(start, at_ - start));
    return true;
  }

  bool read_string(std::string& out) {
    take('"');
    for (;;) {
      auto start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\')
        ++at_;
      out.append(text_.substr(start, at_ - start));
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
    if (auto at = letters.find(peek()); at != letters.npos && at_ < text_.size()) {
      out += meanings[at];
      ++at_;
      return true;
    }
    char32_t point = 0;
    if (!take('u') || !read_code(point))
      return fail("an escape");
    bool is_high = point >= 0xd800 && point < 0xdc00;
    if (is_high && text_.substr(at_, 2) == "\\u") {
      auto before = at_;
      char32_t low = 0;
      at_ += 2;
      if (read_code(low) && low >= 0xdc00 && low < 0xe000)
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      else
        at_ = before;
    }
    // A lone surrogate is no character: the replacement stands for it.
    append_utf8(out, point >= 0xd800 && point < 0xe000 ? char32_t{0xfffd} : point);
    return true;
  }

  bool read_code(char32_t& point) {
    if (at_ + 4 > text_.size())
      return false;
    uint32_t number = 0;
    auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, number, 16);
    if (code != std::errc{} || end != text_.data() + at_ + 4)
      return false;
    at_ += 4;
    point = number;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  const char* expected_ = "";
};

class json_writer {
public:
  explicit json_writer(json_style style) : style_(style) {}

  bool write(const value& item) {
    switch (item.kind()) {
      case kind::none:
        out += "null";
        return true;
      case kind::boolean:
        out += item.boolean() ? "true" : "false";
        return true;
      case kind::real:
        if (!std::isfinite(item.real()))
          return refuse("a number that is not finite");
        out += real_to_text(item.real());
        return true;
      case kind::integer:
      case kind::number:
        out += to_text(item);
        return true;
      case kind::string:
        write_text(item.string());
        return true;
      case kind::list:
        return write_list(item.list());
      case kind::map:
        return write_map(item.map());
      default:
        return refuse(kind_name(item.kind()));
    }
  }

  std::string out;
  std::string refused;

private:
  bool refuse(std::string_view what) {
    refused = what;
    return false;
  }

  void separate() { out += style_.compact ? "," : ", "; }

  bool write_list(const value_list& items) {
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0)
        separate();
      if (!write(items[i]))
        return false;
    }
    out += ']';
    return true;
  }

  bool write_map(const value_map& entries) {
    std::vector<const value_map::entry*> order;
    for (auto& each : entries)
      order.push_back(&each);
    if (style_.sorted_keys)
      std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->first < b->first; });
    out += '{';
    for (auto* each : order) {
      if (each != order.front())
        separate();
      write_text(each->first);
      out += style_.compact ? ":" : ": ";
      if (!write(each->second))
        return false;
    }
    out += '}';
    return true;
  }

  void write_text(std::string_view text) {
    out += '"';
    if (!style_.ascii) {
      for (char c : text)
        write_character(static_cast<unsigned char>(c), c);
    } else {
      for (auto point : to_code_points(text))
        if (point < 0x80)
          write_character(point, static_cast<char>(point));
        else
          write_code(point);
    }
    out += '"';
  }

  void write_character(char32_t point, char c) {
    constexpr std::string_view special = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt";
    if (auto at = special.find(c); at != special.npos)
      out += {'\\', letters[at]};
    else if (point < 0x20)
      write_code(point);
    else
      out += c;
  }

  void write_code(char32_t point) {
    if (point > 0xffff) {
      write_code(0xd800 + ((point - 0x10000) >> 10));
      point = 0xdc00 + ((point - 0x10000) & 0x3ff);
    }
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(point & 0xffff));
    out += buffer;
  }

  json_style style_;
};

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

result<value> parse_json(std::string_view text) {
  return json_reader{text}.read();
}

result<std::string> to_json(const value& item, json_style style) {
  json_writer writer{style};
  if (!writer.write(item))
    return failure{"JSON can't hold " + writer.refused, 0};
  return std::move(writer.out);
}

} // namespace lode::expression
