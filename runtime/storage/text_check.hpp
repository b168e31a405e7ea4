#pragma once

#include <string>
#include <string_view>

namespace lode {

/// Whether a database takes `text` as it is: UTF-8 (no surrogates, nothing above U+10FFFF) without U+0000.
bool is_storable_text(std::string_view text);

/// `text` cut at `limit` bytes with everything that is not storable replaced by '?'.
std::string storable_text(std::string_view text, size_t limit);

/// A reason as it is kept: it may quote what an API said, which need not be text, and what is refused for its reason alone
/// would never be written.
std::string storable_reason(std::string_view reason);

} // namespace lode
