#pragma once

#include <compare>
#include <cstdint>

namespace lode {

/// A number of bytes.
struct byte_count {
  uint64_t value = 0;
  friend auto operator<=>(const byte_count&, const byte_count&) = default;
};

constexpr byte_count operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr byte_count operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr byte_count operator""_GiB(unsigned long long n) { return {n << 30}; }

} // namespace lode
