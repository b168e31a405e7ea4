#include "runtime/expression/token_cursor.hpp"

namespace lode::expression {

std::string quoted(std::string_view text) {
  return "'" + std::string{text} + "'";
}

std::string describe(const token& found) {
  if (found.is == token::type::end)
    return "the end of the expression";
  return found.is == token::type::text ? "text " + quoted(found.text) : quoted(found.text);
}

bool token_cursor::is_before(std::string_view symbol) const {
  auto ahead = lexer_;
  auto next = ahead.next();
  return next && next->is == token::type::symbol && next->text == symbol;
}

bool token_cursor::advance() {
  auto next = lexer_.next();
  if (!next) {
    fail(std::move(next).error());
    return false;
  }
  current_ = std::move(*next);
  return true;
}

bool token_cursor::expect_symbol(std::string_view text) {
  if (is_symbol(text))
    return advance();
  fail("expected " + quoted(text) + ", found " + describe(current_));
  return false;
}

std::nullptr_t token_cursor::fail(std::string message, size_t column, bool is_unsupported) {
  fail(failure{std::move(message), column != 0 ? column : current_.column, is_unsupported});
  return nullptr;
}

void token_cursor::fail(failure why) {
  if (!has_failed())
    error_ = std::move(why);
}

} // namespace lode::expression
