#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

namespace lode {

/// A limit on requests: at most `requests` in any span of `per`, smoothly refilled. `requests == 0`: no declared limit,
/// only pauses that the API asked for.
struct quota_limit {
  std::string budget; ///< whom it concerns: app, credential, tenant or endpoint
  uint32_t requests = 0;
  std::chrono::nanoseconds per{0};
};

/// Token buckets and pauses of this node, by budget. Pure; callers pass the time in.
class quota_table {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Takes one request from all of `limits`, or nothing and says how long to wait. Zero: granted.
  std::chrono::nanoseconds take(std::span<const quota_limit> limits, time_point now);

  /// How long `limits` are paused at the most; takes nothing.
  std::chrono::nanoseconds pause_of(std::span<const quota_limit> limits, time_point now) const;

  /// No request of `budget` before `until`. A pause is never shortened.
  void pause(const std::string& budget, time_point until);

  /// Forgets budgets that are full and not paused.
  void forget_idle(time_point now);
  size_t size() const noexcept { return buckets_.size(); }

private:
  struct bucket {
    double tokens = 0;
    std::chrono::nanoseconds refill{0}; ///< time per token
    double capacity = 0;
    time_point refilled{};
    time_point paused_until{};
  };
  /// The refilled bucket of a limit; null: it has no declared number and was never paused.
  bucket* find(const quota_limit& limit, time_point now);
  static std::chrono::nanoseconds wait_of(const bucket& b, time_point now);

  std::unordered_map<std::string, bucket> buckets_;
};

} // namespace lode
