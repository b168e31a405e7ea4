#include "runtime/expression/lexer.hpp"

#include <algorithm>

#include "runtime/expression/python_literal.hpp"
#include "runtime/expression/text_cursor.hpp"

namespace lode::expression {

namespace {

bool is_name_start(char c) {
  return c == '_' || is_letter(c);
}

} // namespace

result<token> lexer::next() {
  while (at_ < source_.size() && is_space(source_[at_]))
    ++at_;
  if (at_ == source_.size())
    return failure{"the expression is not closed: expected '}}'", at_ + 1};
  char c = source_[at_];
  if (c == '\'' || c == '"')
    return read_text(c);
  if (is_digit(c))
    return read_number();
  if (is_name_start(c)) {
    auto start = at_;
    while (at_ < source_.size() && (is_name_start(source_[at_]) || is_digit(source_[at_])))
      ++at_;
    return token{token::type::name, std::string{source_.substr(start, at_ - start)}, {}, start + 1};
  }
  return read_symbol();
}

result<token> lexer::read_text(char quote) {
  auto start = at_;
  for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_)
    if (source_[at_] == '\\')
      ++at_;
  if (at_ >= source_.size())
    return failure{"text without its closing quote " + std::string{quote}, start + 1};
  ++at_;
  // Escapes are Python's; line breaks are allowed, so read it as a text in triple quotes when there are any.
  auto raw = std::string{source_.substr(start, at_ - start)};
  for (auto at = raw.find('\n'); at != raw.npos; at = raw.find('\n', at + 2))
    raw.replace(at, 1, "\\n");
  auto decoded = read_python_literal(raw);
  if (!decoded || !decoded->is(kind::string))
    return failure{"text with an escape that can't be read", start + 1};
  return token{token::type::text, decoded->string(), {}, start + 1};
}

result<token> lexer::read_number() {
  auto start = at_;
  auto rest = [this](size_t ahead) { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; };
  auto take_word = [&] {
    while (at_ < source_.size() && (is_name_start(source_[at_]) || is_digit(source_[at_]))) {
      bool is_exponent = (source_[at_] | 0x20) == 'e' && source_.substr(start, 2) != "0x" && (rest(1) == '-' || rest(1) == '+');
      at_ += is_exponent ? 2 : 1;
    }
  };
  take_word();
  if (rest(0) == '.' && is_digit(rest(1))) {
    ++at_;
    take_word();
  }
  auto text = source_.substr(start, at_ - start);
  auto number = read_python_literal(text);
  if (!number || !number->is_numeric())
    return failure{"'" + std::string{text} + "' is not a number", start + 1};
  return token{token::type::number, std::string{text}, std::move(*number), start + 1};
}

result<token> lexer::read_symbol() {
  auto start = at_;
  auto rest = source_.substr(at_);
  if (depth_ == 0 && (rest.starts_with("}}") || rest.starts_with("-}}"))) {
    trims_after_ = rest[0] == '-';
    at_ += trims_after_ ? 3 : 2;
    return token{token::type::end, "}}", {}, start + 1};
  }
  constexpr std::string_view symbols[] = {"**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<",
                                          ">",  "(",  ")",  "[",  "]",  "{",  "}", "|", ".", ",", ":", "="};
  for (auto symbol : symbols) {
    if (!rest.starts_with(symbol))
      continue;
    at_ += symbol.size();
    if (symbol == "(" || symbol == "[" || symbol == "{")
      ++depth_;
    if (symbol == ")" || symbol == "]" || symbol == "}")
      depth_ = std::max(0, depth_ - 1);
    return token{token::type::symbol, std::string{symbol}, {}, start + 1};
  }
  return failure{"unexpected character '" + std::string{rest[0]} + "'", start + 1};
}

} // namespace lode::expression
