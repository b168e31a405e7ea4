#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/functions.hpp"

/// Text functions that more than one table needs; internal to this folder.
namespace lode::expression {

/// Percent-encoding; letters, digits, `_.-~` and `safe` stay. `plus`: a space becomes `+`.
std::string url_encode(std::string_view text, std::string_view safe, bool plus);

/// Which end of a text `strip` cleans.
enum class side { both, left, right };
/// Removes the code points of `characters` (white space if empty) from an end.
std::string strip(std::string_view text, std::string_view characters, side which);

/// Replaces up to `count` occurrences (all if negative). Fails beyond 1 MiB.
value replace_text(evaluation& run, std::string_view text, std::string_view old, std::string_view with, int64_t count);

/// First letter of the text large, the others small; `each_word`: of every word.
std::string capitalize(std::string_view text, bool each_word);

/// An optional argument as text.
std::string text_or(const value& given, std::string_view otherwise);
/// An optional integer argument.
int64_t integer_or(evaluation& run, const value& given, int64_t otherwise);

} // namespace lode::expression
