#include "cluster/placement/rendezvous.hpp"

#include <xxhash.h>

#include <array>
#include <bit>
#include <cstddef>

namespace lode::rendezvous {

namespace {

constexpr unsigned fraction_bits = 40;
constexpr unsigned table_bits = 10;
using wide = unsigned __int128;

/// log2(1 + i / 1024), bit by bit: squaring doubles a logarithm, and its whole part is the next bit.
constexpr uint64_t log2_of_step(uint64_t i) {
  auto x = static_cast<wide>((uint64_t{1} << table_bits) + i) << (62 - table_bits); // in [1, 2), times 2^62
  uint64_t result = 0;
  for (unsigned bit = 0; bit < fraction_bits; ++bit) {
    x = (x * x) >> 62;
    result <<= 1;
    if (x >> 63) {
      result |= 1;
      x >>= 1;
    }
  }
  return result;
}

constexpr auto make_table() {
  std::array<uint64_t, (size_t{1} << table_bits) + 1> table{};
  for (size_t i = 0; i + 1 < table.size(); ++i)
    table[i] = log2_of_step(i);
  table.back() = uint64_t{1} << fraction_bits;
  return table;
}

constexpr auto logarithms = make_table();

} // namespace

uint64_t hash_of(std::string_view name) {
  return XXH64(name.data(), name.size(), 0);
}

uint64_t negative_log2(uint64_t x) {
  auto zeros = static_cast<unsigned>(std::countl_zero(x));
  auto fraction = x << zeros << 1; // behind the leading one
  auto step = fraction >> (64 - table_bits);
  auto within = (fraction << table_bits) >> 32; // 32 bits are enough between two entries
  auto low = logarithms[step];
  auto part = ((logarithms[step + 1] - low) * within) >> 32;
  return (uint64_t{zeros + 1} << fraction_bits) - low - part;
}

uint64_t distance(uint64_t name_hash, uint64_t shard, uint32_t weight) {
  auto u = mix(name_hash ^ mix(shard + 0x9e3779b97f4a7c15ULL));
  return (negative_log2(u | 1) << 16) / weight; // at most 64 * 2^56
}

} // namespace lode::rendezvous
