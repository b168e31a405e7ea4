#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/lexer.hpp"

namespace lode::expression {

/// `'text'`, for messages.
std::string quoted(std::string_view text);

/// A token as messages name it: what was found instead of what was expected.
std::string describe(const token& found);

/// The tokens of one expression, one at a time, and the first thing that went wrong. What reads on after a failure
/// returns false and changes nothing about the failure.
class token_cursor {
public:
  /// `at` is the offset behind the opening braces. Stands before the first token until advance().
  token_cursor(std::string_view source, size_t at) : lexer_(source, at) {}

  const token& current() const noexcept { return current_; }
  size_t column() const noexcept { return current_.column; }
  bool is(token::type wanted) const noexcept { return current_.is == wanted; }
  bool is_symbol(std::string_view text) const { return is(token::type::symbol) && current_.text == text; }
  bool is_word(std::string_view text) const { return is(token::type::name) && current_.text == text; }
  /// Whether the token behind the current one is this symbol.
  bool is_before(std::string_view symbol) const;

  bool advance();
  /// Steps over the symbol, or fails because something else stands there.
  bool expect_symbol(std::string_view text);

  /// Records a failure unless there is one; null, so that parsing functions can return it. Column 0: the current token's.
  std::nullptr_t fail(std::string message, size_t column = 0, bool is_unsupported = false);
  void fail(failure why);
  bool has_failed() const noexcept { return !error_.message.empty(); }
  const failure& error() const noexcept { return error_; }

  /// Offset behind the last token read.
  size_t position() const noexcept { return lexer_.position(); }
  /// Whether the closing braces ask to remove the white space behind them.
  bool trims_after() const noexcept { return lexer_.trims_after(); }

private:
  lexer lexer_;
  token current_;
  failure error_;
};

} // namespace lode::expression
