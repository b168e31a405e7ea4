#pragma once

#include <string>
#include <string_view>

namespace lode::expression {

/// Code points of UTF-8 text; a byte that is not UTF-8 stands for itself in U+DC80..U+DCFF, so
/// that text survives the way there and back.
std::u32string to_code_points(std::string_view text);
std::string to_utf8(std::u32string_view points);
void append_utf8(std::string& out, char32_t point);

/// Number of code points.
size_t length(std::string_view text);

/// Simple case mapping of all scripts.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

} // namespace lode::expression
