#include "actors/streaming/clock_history.hpp"

#include <algorithm>

namespace lode {

void clock_history::note(time_point now, int64_t counter) {
  std::lock_guard lock{mutex_};
  if (!samples_.empty() && now - samples_.back().when < step)
    return;
  samples_.push_back({now, counter});
  while (now - samples_.front().when > kept)
    samples_.pop_front();
}

int64_t clock_history::at(time_point when) const {
  std::lock_guard lock{mutex_};
  auto after = std::upper_bound(samples_.begin(), samples_.end(), when, [](auto t, const sample& each) { return t < each.when; });
  return after == samples_.begin() ? 0 : std::prev(after)->counter;
}

} // namespace lode
