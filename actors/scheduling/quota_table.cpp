#include "actors/scheduling/quota_table.hpp"

#include <algorithm>
#include <cmath>

namespace lode {

using std::chrono::nanoseconds;

std::chrono::nanoseconds quota_table::take(std::span<const quota_limit> limits, time_point now) {
  nanoseconds wait{0};
  for (const auto& limit : limits)
    if (const auto* b = find(limit, now))
      wait = std::max(wait, wait_of(*b, now));
  if (wait > nanoseconds{0})
    return wait;
  for (const auto& limit : limits)
    if (auto* b = find(limit, now); b && b->capacity > 0)
      b->tokens -= 1;
  return nanoseconds{0};
}

std::chrono::nanoseconds quota_table::pause_of(std::span<const quota_limit> limits, time_point now) const {
  nanoseconds wait{0};
  for (const auto& limit : limits)
    if (auto i = buckets_.find(limit.budget); i != buckets_.end())
      wait = std::max<nanoseconds>(wait, i->second.paused_until - now);
  return wait;
}

void quota_table::pause(const std::string& budget, time_point until) {
  auto& b = buckets_[budget];
  b.paused_until = std::max(b.paused_until, until);
}

void quota_table::forget_idle(time_point now) {
  std::erase_if(buckets_, [now](auto& entry) {
    auto& b = entry.second;
    return b.paused_until <= now && b.tokens >= b.capacity && now - b.refilled > std::chrono::minutes{1};
  });
}

quota_table::bucket* quota_table::find(const quota_limit& limit, time_point now) {
  if (limit.requests == 0) {
    auto i = buckets_.find(limit.budget);
    return i == buckets_.end() ? nullptr : &i->second;
  }
  auto& b = buckets_[limit.budget];
  if (b.capacity != limit.requests) {
    b.capacity = limit.requests;
    b.tokens = limit.requests;
    b.refill = limit.per / limit.requests;
    b.refilled = now;
  }
  if (now > b.refilled) {
    b.tokens = std::min(b.capacity, b.tokens + static_cast<double>((now - b.refilled).count()) / b.refill.count());
    b.refilled = now;
  }
  return &b;
}

std::chrono::nanoseconds quota_table::wait_of(const bucket& b, time_point now) {
  nanoseconds wait{0};
  if (b.paused_until > now)
    wait = b.paused_until - now;
  if (b.capacity > 0 && b.tokens < 1)
    wait = std::max(wait, nanoseconds{static_cast<int64_t>(std::ceil((1 - b.tokens) * b.refill.count()))});
  return wait;
}

} // namespace lode
