#include "runtime/extraction/content_hash.hpp"

#include <xxhash.h>

namespace lode {

content_hash hash_of(std::string_view canonical, uint64_t seed) {
  auto hash = XXH3_128bits_withSeed(canonical.data(), canonical.size(), seed);
  if (hash.high64 == 0 && hash.low64 == 0)
    return {0, 1}; // zero is taken: it means a deleted record
  return {hash.high64, hash.low64};
}

uint64_t short_hash_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

std::string to_text(const content_hash& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (int i = 0; i < 16; ++i) {
    text[static_cast<size_t>(15 - i)] = digits[hash.high >> 4 * i & 15];
    text[static_cast<size_t>(31 - i)] = digits[hash.low >> 4 * i & 15];
  }
  return text;
}

} // namespace lode
