#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/support/scenario.hpp"

namespace lode::test {

/// When the APIs got each request, in their own milliseconds, in order.
inline std::vector<std::chrono::milliseconds> arrivals(scenario& world) {
  std::vector<std::chrono::milliseconds> out;
  for (const auto& each : world.requests())
    out.push_back(std::chrono::milliseconds{number_in(each, "time")});
  std::sort(out.begin(), out.end());
  return out;
}

/// The most requests in any span of that length.
inline size_t most_in_a_span(const std::vector<std::chrono::milliseconds>& times, std::chrono::milliseconds span) {
  size_t most = 0;
  for (size_t first = 0, end = 0; first < times.size(); ++first) {
    while (end < times.size() && times[end] - times[first] < span)
      ++end;
    most = std::max(most, end - first);
  }
  return most;
}

} // namespace lode::test
