#include "runtime/security/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace lode {

namespace {

struct mac_deleter {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using mac_pointer = std::unique_ptr<EVP_MAC, mac_deleter>;
using mac_context = std::unique_ptr<EVP_MAC_CTX, mac_deleter>;

/// Looked up once: that costs more than to hash a short text.
EVP_MAC* algorithm() {
  static const mac_pointer found{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  return found.get();
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data() != nullptr ? text.data() : "");
}

int digit(char letter) {
  if (letter >= '0' && letter <= '9')
    return letter - '0';
  auto lower = letter | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

std::string hmac(hmac_hash hash, std::string_view key, std::span<const std::string_view> pieces) {
  std::string name = hash == hmac_hash::sha256 ? "SHA256" : "SHA1";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0), OSSL_PARAM_construct_end()};
  mac_context context{EVP_MAC_CTX_new(algorithm())};
  if (!context || EVP_MAC_init(context.get(), bytes(key), key.size(), parameters.data()) != 1)
    std::abort(); // no memory, or OpenSSL without HMAC
  for (auto piece : pieces)
    EVP_MAC_update(context.get(), bytes(piece), piece.size());
  std::string out(EVP_MAX_MD_SIZE, '\0');
  size_t size = 0;
  if (EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) != 1)
    std::abort();
  out.resize(size);
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string from_hexadecimal(std::string_view digits) {
  std::string out;
  if (digits.size() % 2 != 0)
    return out;
  out.reserve(digits.size() / 2);
  for (size_t i = 0; i < digits.size(); i += 2) {
    auto high = digit(digits[i]);
    auto low = digit(digits[i + 1]);
    if (high < 0 || low < 0)
      return {};
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

} // namespace lode
