#pragma once

#include <openssl/evp.h>

#include <optional>
#include <string>
#include <string_view>

namespace lode {

/// Base64 as RFC 4648 has it, with padding. (Feed cursors stand in URLs and have another alphabet: feed_cursor.cpp.)
inline std::string base64_encode(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  return out;
}

/// Nothing for a text that base64_encode does not make.
inline std::optional<std::string> base64_decode(std::string_view text) {
  std::string out(3 * (text.size() / 4), '\0');
  if (text.size() % 4 != 0)
    return std::nullopt;
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0)
    return std::nullopt;
  size -= text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<size_t>(size));
  // OpenSSL lets padding pass in the middle, and bits that are left over.
  return base64_encode(out) == text ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace lode
