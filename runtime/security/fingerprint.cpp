#include "runtime/security/fingerprint.hpp"

#include <sodium.h>

#include <array>

namespace lode {

std::string fingerprint(std::string_view secret) {
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
  std::string out(2 * hash.size() + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), hash.data(), hash.size());
  out.pop_back();
  return out;
}

} // namespace lode
