#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

/// JSON to and from the values that templates see: of configurations, secrets and what templates print. Bodies of APIs
/// are read by runtime/extraction/json_document, which checks and indexes a page without building values.
///
/// Code of our own, because the libraries at hand (tried: Boost.JSON 1.81, simdjson 3.0.1) lose what a value must keep.
/// They make a double of a number beyond 64 bits (infinity of `1e400`) or refuse it, and refuse the escape of a lone
/// surrogate, which JSON allows. simdjson also refuses bytes that are not UTF-8, as Boost does unless told: what
/// to_json() wrote of an API's token must be readable again. They write numbers anew (`1.1` as `1.1E0`) and know neither
/// Python's spacing nor its `\uXXXX` for all that is not ASCII, which filters must print.
namespace lode::expression {

/// Reads JSON (json_reader.cpp). A number that int64 or double would change keeps its text; of duplicate keys the
/// last wins; depth is limited to 256. Fails with the position.
result<value> parse_json(std::string_view text);

/// How JSON is written.
struct json_style {
  bool compact = true;      ///< false: a space after `,` and `:`, as Python's json.dumps
  bool ascii = false;       ///< other characters as \uXXXX, as json.dumps
  bool sorted_keys = false; ///< by bytes
};

/// Writes JSON (json_writer.cpp); number texts as they are. Fails on what JSON can't hold (undefined, dates).
result<std::string> to_json(const value& item, json_style style = {});

/// The value of a JSON number (json_number.cpp): int64 or double when nothing is lost, else its text.
value number_from_text(std::string_view text);

} // namespace lode::expression
