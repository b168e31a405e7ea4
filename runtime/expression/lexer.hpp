#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

namespace lode::expression {

struct token {
  enum class type : uint8_t { name, text, number, symbol, end };
  type is = type::end;
  std::string text; ///< name, symbol, or decoded text
  value number;
  size_t column = 1; ///< 1-based
};

/// Cuts one `{{ ... }}` into tokens. `end` is the closing `}}` outside of any brackets.
class lexer {
public:
  /// `at` is the offset behind the opening braces.
  lexer(std::string_view source, size_t at) : source_(source), at_(at) {}

  result<token> next();
  /// Offset behind the last token.
  size_t position() const { return at_; }
  /// True if the closing braces were `-}}`: white space after them is removed.
  bool trims_after() const { return trims_after_; }

private:
  result<token> read_text(char quote);
  result<token> read_number();
  result<token> read_symbol();

  std::string_view source_;
  size_t at_;
  int depth_ = 0;
  bool trims_after_ = false;
};

} // namespace lode::expression
