#pragma once

#include <string>
#include <string_view>

namespace simapi {

/// The 32 bytes of HMAC-SHA256.
std::string hmac_sha256(std::string_view secret, std::string_view text);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);

} // namespace simapi
