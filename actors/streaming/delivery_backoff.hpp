#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lode {

inline constexpr std::chrono::seconds first_delivery_retry{1};
inline constexpr std::chrono::minutes longest_delivery_retry{5};

/// How long a delivery waits that has failed so often in a row: twice as long each time.
constexpr std::chrono::milliseconds delivery_backoff(int64_t failures) {
  const auto doublings = std::clamp<int64_t>(failures - 1, 0, 20);
  return std::min<std::chrono::milliseconds>(first_delivery_retry * (int64_t{1} << doublings), longest_delivery_retry);
}

} // namespace lode
