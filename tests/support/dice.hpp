#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace lode::test {

/// Chance from a seed, the same on each machine: not by the distributions of the standard library, which differ.
class dice {
public:
  explicit dice(uint32_t seed) : source_(seed) {}
  uint32_t next() { return static_cast<uint32_t>(source_()); }
  size_t below(size_t count) { return source_() % count; }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

private:
  std::mt19937 source_;
};

} // namespace lode::test
