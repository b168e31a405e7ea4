#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lode {

/// Lets things through evenly, so many a second, for somebody who asks about once in every `grain`: what is not used is kept
/// for two of them and no longer. Callers pass the time in.
class steady_rate {
public:
  using time_point = std::chrono::steady_clock::time_point;

  steady_rate(uint32_t per_second, std::chrono::nanoseconds grain);

  /// How many may pass now; at the beginning what one grain brings, at least one.
  size_t room(time_point now);
  /// So many have passed, at most as many as there was room for.
  void take(size_t count);

private:
  std::chrono::nanoseconds each_; ///< time that one thing costs
  std::chrono::nanoseconds most_;
  std::chrono::nanoseconds saved_; ///< time that is not used up yet
  std::optional<time_point> seen_;
};

} // namespace lode
