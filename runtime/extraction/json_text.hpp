#pragma once

#include <string>
#include <string_view>

/// The texts inside JSON: strings and numbers, character by character.
namespace lode {

/// The grammar of RFC 8259; any size and precision.
bool is_json_number(std::string_view text);

/// Every backslash of `raw` (the characters between the quotes) begins an escape that JSON knows. Lone surrogates are fine.
bool has_valid_escapes(std::string_view raw);

/// Decodes the characters between the quotes; `raw` has valid escapes. A lone surrogate becomes its three bytes (WTF-8).
std::string decode_json_string(std::string_view raw);

/// Writes the canonical text (canonical_form.hpp) of a string with valid escapes to `out`, without quotes; returns the end.
/// Needs at most 3 bytes of room per byte of `raw`.
char* write_canonical_string(char* out, std::string_view raw);

/// Appends decoded text (UTF-8 or WTF-8) as canonical JSON string with quotes.
void append_json_string(std::string& out, std::string_view text);

} // namespace lode
