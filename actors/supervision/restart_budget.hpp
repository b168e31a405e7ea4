#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace lode {

/// How often something may be restarted: at most `restarts` within `window`, with a doubling backoff between them.
struct restart_limits {
  uint32_t restarts = 5;
  std::chrono::nanoseconds window = std::chrono::minutes{1};
  std::chrono::nanoseconds first_backoff = std::chrono::milliseconds{100};
  std::chrono::nanoseconds longest_backoff = std::chrono::seconds{10};
};

/// Counts failures of one child. Pure; callers pass the time in.
template <class TimePoint>
class restart_budget {
public:
  explicit restart_budget(restart_limits limits) : limits_(limits) {}

  /// Notes a failure. Returns how long to wait before the restart, or nothing when the budget is used up.
  std::optional<std::chrono::nanoseconds> spend(TimePoint now) {
    while (!failures_.empty() && now - failures_.front() > limits_.window)
      failures_.pop_front();
    if (failures_.size() >= limits_.restarts)
      return std::nullopt;
    auto shift = std::min<size_t>(failures_.size(), 20);
    failures_.push_back(now);
    return std::min(limits_.first_backoff * (int64_t{1} << shift), limits_.longest_backoff);
  }

private:
  restart_limits limits_;
  std::deque<TimePoint> failures_;
};

} // namespace lode
