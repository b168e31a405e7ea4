#include "actors/scheduling/steady_rate.hpp"

#include <algorithm>

namespace lode {

namespace {

constexpr std::chrono::nanoseconds second = std::chrono::seconds{1};

} // namespace

steady_rate::steady_rate(uint32_t per_second, std::chrono::nanoseconds grain)
  : each_((second + std::chrono::nanoseconds{per_second - 1}) / per_second), // rounded up: never more than the rate
    most_(each_ + 2 * grain),
    saved_(std::max(grain, each_)) {}

size_t steady_rate::room(time_point now) {
  saved_ = std::min(most_, saved_ + (now - seen_.value_or(now)));
  seen_ = now;
  return static_cast<size_t>(saved_ / each_);
}

void steady_rate::take(size_t count) {
  saved_ -= each_ * static_cast<int64_t>(count);
}

} // namespace lode
