#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>

namespace lode::test {

/// What a receiver expects in `webhook-signature` (Standard Webhooks), without Lode's code. `key` is raw bytes.
inline std::string expected_signature(const std::string& key, const std::string& id, const std::string& timestamp,
                                      const std::string& body) {
  const auto text = id + "." + timestamp + "." + body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), code.data(), &size);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  EVP_EncodeBlock(base64.data(), code.data(), static_cast<int>(size));
  return "v1," + std::string{reinterpret_cast<const char*>(base64.data())};
}

} // namespace lode::test
