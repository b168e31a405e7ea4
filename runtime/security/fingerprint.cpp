#include "runtime/security/fingerprint.hpp"

#include <sodium.h>

#include <array>

#include "runtime/security/hexadecimal.hpp"

namespace lode {

std::string fingerprint(std::string_view secret) {
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
  return hexadecimal(hash);
}

} // namespace lode
