#pragma once

#include <sodium.h>

#include <span>
#include <string>

namespace lode {

/// Two lower case digits for each byte. Takes the same time whatever the bytes are, so it is fit for keys.
inline std::string hexadecimal(std::span<const unsigned char> bytes) {
  std::string out(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
  out.pop_back();
  return out;
}

} // namespace lode
