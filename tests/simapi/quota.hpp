#pragma once

#include "tests/simapi/settings.hpp"

#include <cstdint>

namespace simapi {

/// How much of its limits one tenant has used. Time is the simulated clock's.
class quota {
public:
  /// graph: counts a call in the present hour. False = over the limit. `percent` is what X-App-Usage shows.
  bool take_hourly(const limits& allowed, int64_t now, uint32_t& percent) {
    return take(allowed.graph_calls_per_hour, now / 3'600'000, percent);
  }

  /// graphql: counts a call in the present hour. False = over the limit. `left` is what the header shows.
  bool take_call(uint32_t calls_per_hour, int64_t now, uint32_t& left) {
    uint32_t percent = 0;
    bool granted = take(calls_per_hour, now / 3'600'000, percent);
    left = calls_per_hour > used_ ? calls_per_hour - used_ : 0;
    return granted;
  }

  /// crm: counts a call in the present UTC day. False = over the limit. `left` is what the header shows.
  bool take_daily(const limits& allowed, int64_t now, uint32_t& left) {
    uint32_t percent = 0;
    bool granted = take(allowed.crm_daily_quota, now / 86'400'000, percent);
    left = allowed.crm_daily_quota > used_ ? allowed.crm_daily_quota - used_ : 0;
    return granted;
  }

  /// shop: one drop into the leaky bucket. False = full. `level` is what X-Shop-Api-Call-Limit shows.
  bool take_drop(const limits& allowed, int64_t now, uint32_t& level) {
    // With no leak set the bucket is for show: it drains at the model's 2 a second and never refuses.
    double leak = allowed.shop_leak_per_second > 0 ? allowed.shop_leak_per_second : 2;
    if (now > drained_at_)
      level_ -= leak * static_cast<double>(now - drained_at_) / 1000;
    drained_at_ = now;
    level_ = level_ < 0 ? 0 : level_;
    bool fits = level_ + 1 <= allowed.shop_bucket;
    if (fits)
      level_ += 1;
    level = static_cast<uint32_t>(level_ + 0.999);
    return fits || allowed.shop_leak_per_second == 0;
  }

private:
  bool take(uint32_t limit, int64_t window, uint32_t& percent) {
    if (window != window_) {
      window_ = window;
      used_ = 0;
    }
    if (limit > 0 && used_ >= limit) {
      percent = 100;
      return false;
    }
    ++used_;
    percent = limit > 0 ? static_cast<uint32_t>(uint64_t{used_} * 100 / limit) : 1;
    return true;
  }

  int64_t window_ = -1;
  uint32_t used_ = 0;
  double level_ = 0;
  int64_t drained_at_ = 0;
};

} // namespace simapi
