#include "tests/simapi/live/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace simapi {

std::string hmac_sha256(std::string_view secret, std::string_view text) {
  std::string result(32, '\0');
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), reinterpret_cast<unsigned char*>(result.data()), nullptr);
  return result;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (auto c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    result += {digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

std::string to_base64(std::string_view bytes) {
  std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL ends it with a zero
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  result.resize(static_cast<size_t>(size));
  return result;
}

} // namespace simapi
