#pragma once

#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace lode {

/// How long this node may act outside of the store's fence (requests to APIs, token refreshes): until another one may have
/// declared it gone. Measured by CLOCK_BOOTTIME, which goes on while a machine sleeps; a process that was stopped finds it over
/// when it wakes. Written by membership, read from any thread.
class lease {
public:
  using duration = std::chrono::nanoseconds;

  static duration now() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_BOOTTIME, &t);
    return std::chrono::seconds{t.tv_sec} + duration{t.tv_nsec};
  }

  /// Holds until `end`, of the same clock as now().
  void renew(duration end) noexcept { end_ = end.count(); }
  void end() noexcept { end_ = 0; }
  bool holds() const noexcept { return now().count() < end_.load(std::memory_order_relaxed); }

private:
  std::atomic<int64_t> end_{0};
};

} // namespace lode
