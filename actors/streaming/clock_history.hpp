#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

namespace lode {

/// Where the node's logical clock stood at earlier times, in steps of two seconds for an hour. Thread-safe.
class clock_history {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds step{2};
  static constexpr std::chrono::hours kept{1};

  /// Callers note where the clock stands; what comes sooner than a step after the one before is not kept.
  void note(time_point now, int64_t counter);
  /// Where it stood at `when` at the latest: the latest note up to then, 0 where there is none.
  int64_t at(time_point when) const;

private:
  struct sample {
    time_point when;
    int64_t counter;
  };
  mutable std::mutex mutex_;
  std::deque<sample> samples_;
};

} // namespace lode
