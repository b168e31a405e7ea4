#include "actors/scheduling/schedule.hpp"

#include <algorithm>

namespace lode {

namespace {

/// Up to `jitter`; milliseconds of at most 366 days times 2^27 stay below 2^63.
std::chrono::milliseconds drawn(std::chrono::milliseconds jitter, uint64_t random) {
  return std::chrono::milliseconds{static_cast<int64_t>(static_cast<uint64_t>(jitter.count()) * (random >> 37) >> 27)};
}

std::optional<instant> later(std::optional<instant> due, const schedule& schedule, uint64_t random) {
  if (due)
    *due += drawn(schedule.jitter, random);
  return due;
}

/// Policies are users' code too: one that throws, or goes back in time, must neither end the node nor silence its connection.
template <class Call>
std::optional<instant> guarded(instant beyond, Call call) {
  try {
    auto due = call();
    return due && *due <= beyond ? beyond + retry_of_a_broken_policy : due;
  } catch (...) {
    return beyond + retry_of_a_broken_policy;
  }
}

std::optional<instant> following(const schedule& schedule, instant last, instant beyond) {
  return guarded(beyond, [&] { return schedule.policy->next(last, beyond); });
}

constexpr double busy_share = 0.5;
constexpr double quiet_share = 0.01;
constexpr double scarce_quota = 0.1;

} // namespace

std::optional<instant> first_due(const schedule& schedule, instant now, uint64_t random) {
  // At once is allowed: a policy knows no moment but this one.
  return later(guarded(now - std::chrono::microseconds{1}, [&] { return schedule.policy->first(now); }), schedule, random);
}

std::optional<instant> next_due(const schedule& schedule, instant after, instant now, uint64_t random) {
  return later(following(schedule, after, std::max(after, now)), schedule, random);
}

std::optional<instant> effective_due(const schedule& schedule, instant due, instant now, uint64_t random) {
  auto next = following(schedule, due, due);
  bool is_missed = next && *next <= now;
  return is_missed && schedule.missed == missed_policy::skip ? next_due(schedule, due, now, random) : due;
}

std::chrono::milliseconds adjust(const schedule& schedule, std::chrono::milliseconds current, const run_result& run) {
  if (!schedule.feedback)
    return current;
  if (run.quota_left.value_or(1) < scarce_quota)
    current *= 2;
  else if (run.owes_gap || run.changed_share > busy_share)
    current /= 2;
  else if (run.changed_share < quiet_share)
    current *= 2;
  return std::clamp(current, schedule.feedback->min, schedule.feedback->max);
}

std::chrono::milliseconds current_interval(const schedule& schedule, const std::optional<run_pace>& pace) {
  auto own = schedule.every.value_or(std::chrono::milliseconds{0});
  if (!schedule.feedback || !pace || pace->every != own)
    return own;
  return std::clamp(pace->interval, schedule.feedback->min, schedule.feedback->max);
}

schedule with_interval(schedule schedule, std::chrono::milliseconds interval) {
  if (schedule.every) {
    schedule.policy = make_interval_policy(interval);
    schedule.every = interval;
    schedule.jitter = std::min(schedule.jitter, interval);
  }
  return schedule;
}

} // namespace lode
