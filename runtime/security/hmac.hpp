#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace lode {

enum class hmac_hash : uint8_t { sha256, sha1 };

/// RFC 2104 over the pieces as if they were one text; raw bytes.
std::string hmac(hmac_hash hash, std::string_view key, std::span<const std::string_view> pieces);

/// Whether both are the same, in a time that tells nothing of where they differ (only of how long they are).
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Bytes of hexadecimal digits of either case; empty for what is none.
std::string from_hexadecimal(std::string_view digits);

} // namespace lode
