#pragma once

#include <cstdint>
#include <string_view>

/// Weighted rendezvous hashing in integers: floating point logarithms differ from library to library, and two nodes that round
/// differently would wait for each other for ever.
namespace lode::rendezvous {

/// What a node's name contributes; never changes.
uint64_t hash_of(std::string_view name);

/// How far a shard is from a node; it belongs to the nearest. -log2(u) / weight of a hash u in (0, 1]: a node is nearest with a
/// probability in proportion to its weight, and what others do does not move the distance.
uint64_t distance(uint64_t name_hash, uint64_t shard, uint32_t weight);

/// -log2(x / 2^64) for x > 0, times 2^40.
uint64_t negative_log2(uint64_t x);

/// A finalizer: all bits of the result depend on all of x.
constexpr uint64_t mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

} // namespace lode::rendezvous
