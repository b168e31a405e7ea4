#pragma once

#include <cstdint>
#include <string_view>

#include "messages/records.hpp"

namespace lode {

/// A record in 16 bytes: 64 bits of its key, 64 bits of key, content, its form and ordering field together. Two keys that share their
/// first half differ in the second, so a hit is wrong only where 64 bits of a good hash meet by chance: 5e-20 per change.
struct fact_print {
  uint64_t key = 0;
  uint64_t fact = 0; ///< 0: there is something under the key, which only the store knows
  friend bool operator==(const fact_print&, const fact_print&) = default;
};

/// `form` is that of the hash, see record_form: another one is another fact.
fact_print print_of(std::string_view key, const content_hash& hash, int64_t order_field, int64_t form = 0);

} // namespace lode
