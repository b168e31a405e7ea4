#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/value.hpp"

namespace lode::expression {

/// What Python's `str()` prints: `True`, `None`, `1.0`, text as it is, containers by repr.
std::string to_text(const value& item);

/// What Python's `repr()` prints; text stands in quotes.
std::string to_repr(const value& item);

/// Python's shortest text of a double that reads back to the same: `1e+16`, `0.0001`, `inf`.
std::string real_to_text(double number);

/// Appends the repr of a text.
void append_quoted(std::string& out, std::string_view text);

} // namespace lode::expression
