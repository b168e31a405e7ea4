#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/records.hpp"

namespace lode {

/// XXH3-128 of a canonical form with the store's seed. Never all zero, which means a deleted record.
content_hash hash_of(std::string_view canonical, uint64_t seed);

/// XXH3-64, seed 0: of page tokens and the like.
uint64_t short_hash_of(std::string_view text);

/// 32 lower-case hex digits, high word first.
std::string to_text(const content_hash& hash);

} // namespace lode
