#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

namespace lode::expression {

/// Reads JSON. A number that int64 or double would change keeps its text; of duplicate keys the
/// last wins; depth is limited to 256. Fails with the position.
result<value> parse_json(std::string_view text);

/// How JSON is written.
struct json_style {
  bool compact = true;      ///< false: a space after `,` and `:`, as Python's json.dumps
  bool ascii = false;       ///< other characters as \uXXXX, as json.dumps
  bool sorted_keys = false; ///< by bytes
};

/// Writes JSON; number texts as they are. Fails on what JSON can't hold (undefined, dates).
result<std::string> to_json(const value& item, json_style style = {});

/// The value of a JSON number: int64 or double when nothing is lost, else its text.
value number_from_text(std::string_view text);

} // namespace lode::expression
