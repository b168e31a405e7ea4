#include "actors/scheduling/quota_table.hpp"

namespace lode {

quota_hold quota_table::hold_of(std::span<const quota_limit> limits, time_point now) {
  quota_hold hold;
  for (const auto& limit : limits)
    if (auto at = earliest(limit, now); at - now > hold.wait)
      hold = {at - now, limit.budget};
  return hold;
}

quota_table::time_point quota_table::earliest(const quota_limit& limit, time_point now) {
  if (limit.requests == 0) {
    auto i = pauses_.find(limit.budget);
    return i == pauses_.end() ? now : i->second;
  }
  turn_rule rule{limit.requests, limit.per};
  if (limit.is_shared)
    return shared_.earliest(limit.budget, rule, now);
  return find(limit, rule, now).turns.next(rule, limit.requests, now);
}

quota_table::own_budget& quota_table::find(const quota_limit& limit, const turn_rule& rule, time_point now) {
  return own_.try_emplace(limit.budget, own_budget{timetable{now}, rule.span / limit.requests}).first->second;
}

void quota_table::spend(std::span<const quota_limit> limits, time_point now) {
  for (const auto& limit : limits) {
    if (limit.requests == 0)
      continue;
    turn_rule rule{limit.requests, limit.per};
    if (limit.is_shared)
      shared_.spend(limit.budget, rule, now);
    else
      find(limit, rule, now).turns.take(rule, limit.requests, now);
  }
}

void quota_table::pause(const std::string& budget, time_point until) {
  auto& paused = pauses_[budget];
  paused = std::max(paused, until);
}

void quota_table::forget_idle(time_point now) {
  std::erase_if(pauses_, [now](const auto& entry) { return entry.second <= now; });
  std::erase_if(own_, [now](const auto& entry) {
    return now - entry.second.turns.last() > std::chrono::hours{24} + entry.second.spacing;
  });
}

} // namespace lode
