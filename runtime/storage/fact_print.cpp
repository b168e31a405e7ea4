#include "runtime/storage/fact_print.hpp"

#include <xxhash.h>

#include <array>

namespace lode {

fact_print print_of(std::string_view key, const content_hash& hash, int64_t order_field, int64_t form) {
  auto name = XXH3_128bits(key.data(), key.size());
  // A form is a hash itself (or 0), so that it does not cancel a real ordering value.
  std::array<uint64_t, 4> parts{name.high64, hash.high, hash.low, static_cast<uint64_t>(order_field) ^ static_cast<uint64_t>(form)};
  auto fact = XXH3_64bits(parts.data(), sizeof(parts));
  return {name.low64, fact == 0 ? 1 : fact};
}

} // namespace lode
