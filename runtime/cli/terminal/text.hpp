#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lode {

/// The text without what would drive a terminal: control characters (those of UTF-8, too), marks that turn the direction of writing,
/// and bytes that are no UTF-8 each become '?'; white space becomes a blank. For all that came from an API or a person.
std::string printable(std::string_view text);

/// The same, but line breaks stay: for texts of several lines.
std::string printable_lines(std::string_view text);

/// How many columns of a terminal a printable text takes: two for wide letters (CJK, emoji), none for marks that combine.
size_t columns_of(std::string_view text);

/// As much of a printable text as fits into so many columns.
std::string cut(std::string_view text, size_t columns);

/// Stands where something was cut; as ASCII it is '>'.
inline constexpr const char* cut_mark = "\u2026";

/// Cut with the mark, or filled up with blanks, to exactly so many columns.
std::string padded(std::string_view text, size_t columns);
std::string padded_left(std::string_view text, size_t columns);

/// Without letters that are not ASCII, for terminals that show no UTF-8: each becomes '?' (the mark of a cut: '>'), as many as it has columns.
std::string as_ascii(std::string_view text);

} // namespace lode
