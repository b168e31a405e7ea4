#pragma once

#include <cstdint>

namespace simapi {

/// Scrambles 64 bits; every bit of the result depends on every bit of the argument.
constexpr uint64_t scramble(uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

/// Combines numbers into one hash, in order. The whole simulated world is made of this function and the seed.
template <class... Rest>
constexpr uint64_t mix(uint64_t first, Rest... rest) {
  uint64_t result = scramble(first);
  ((result = scramble(result ^ static_cast<uint64_t>(rest))), ...);
  return result;
}

/// A hash as a number in [0, 1).
constexpr double unit_interval(uint64_t hash) {
  return static_cast<double>(hash >> 11) / 9007199254740992.0;
}

/// A small repeatable sequence of random numbers.
class random_sequence {
public:
  explicit random_sequence(uint64_t seed) : state_(scramble(seed)) {}

  uint64_t next() {
    state_ = scramble(state_);
    return state_;
  }

  /// Evenly from [0, bound); bound is not 0.
  uint64_t below(uint64_t bound) { return next() % bound; }

private:
  uint64_t state_;
};

} // namespace simapi
