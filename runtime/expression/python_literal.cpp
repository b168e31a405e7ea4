#include "runtime/expression/python_literal.hpp"

#include <algorithm>

#include "runtime/expression/literal_parts.hpp"

namespace lode::expression {

namespace {

constexpr int deepest = 100;

/// Recursive descent; every function yields nothing when what stands here is no literal that we read. Line breaks are
/// space inside of brackets (depth > 0), as in Python.
class literal_reader : private text_cursor {
public:
  explicit literal_reader(std::string_view text) : text_cursor{text} {}

  std::optional<value> read() {
    skip(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (peek() == '\n' && skips_indent())
      return std::nullopt; // an indented first line is an error in Python
    auto found = read_value(0);
    if (!found)
      return std::nullopt;
    skip_space(true);
    return rest.empty() ? found : std::nullopt;
  }

private:
  void skip_space(bool newlines) {
    for (;;) {
      char c = peek();
      if (c == '#')
        skip(std::min(rest.find('\n'), rest.size()));
      else if (c == ' ' || c == '\t' || c == '\f' || (newlines && (c == '\n' || c == '\r')))
        skip(1);
      else
        return;
    }
  }

  /// Skips empty lines; true if the first one that is not empty is indented.
  bool skips_indent() {
    auto skipped = rest;
    skip_space(true);
    skipped.remove_suffix(rest.size());
    return skipped.ends_with(' ') || skipped.ends_with('\t');
  }

  std::optional<value> read_value(int depth) {
    if (depth > deepest)
      return std::nullopt;
    skip_space(depth > 0);
    if (take('['))
      return read_list(depth);
    if (take('{'))
      return read_map(depth);
    if (take('('))
      return read_group(depth);
    char c = peek();
    if (c == '+' || c == '-') {
      skip(1);
      skip_space(depth > 0);
      return read_literal_number(*this, c == '-');
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1))))
      return read_literal_number(*this, false);
    return is_at_literal_string(*this) ? read_strings(depth) : read_word();
  }

  std::optional<value> read_word() {
    auto end = std::find_if_not(rest.begin(), rest.end(), is_name_character);
    auto word = rest.substr(0, static_cast<size_t>(end - rest.begin()));
    skip(word.size());
    if (word == "True")
      return value{true};
    if (word == "False")
      return value{false};
    if (word == "None")
      return value{none_value{}};
    return std::nullopt;
  }

  std::optional<value> read_list(int depth) {
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
    auto item = read_value(depth + 1);
    skip_space(true);
    return item && take(')') ? item : std::nullopt;
  }

  /// Strings that stand side by side are one.
  std::optional<value> read_strings(int depth) {
    std::string all;
    while (is_at_literal_string(*this)) {
      if (!read_literal_string(*this, all))
        return std::nullopt;
      skip_space(depth > 0);
    }
    return value{std::move(all)};
  }
};

} // namespace

std::optional<value> read_python_literal(std::string_view text) {
  // Python refuses U+0000 in what it reads; to a cursor it would be the end of the text.
  if (text.empty() || text.find('\0') != text.npos)
    return std::nullopt;
  return literal_reader{text}.read();
}

} // namespace lode::expression
