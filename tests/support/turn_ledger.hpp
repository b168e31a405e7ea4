#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/turns.hpp"

namespace lode {

/// What the script of shared_turns does, in memory and in simulated time. A copy is a snapshot.
class turn_ledger {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Nothing: it came too late. The node reads Redis' clock `uncertainty` wrong, at the most.
  std::optional<turns_leased> lease(const std::string& node, const lease_turns& order, time_point now,
                                    std::chrono::nanoseconds uncertainty = {}) {
    if (now > order.not_after)
      return std::nullopt;
    turns_leased out;
    if (order.step == lease_step::look)
      return out;
    nodes_[node] = now;
    std::erase_if(nodes_, [now](const auto& each) { return each.second + turn_lease::presence < now; });
    const auto ahead = now + turn_lease::lookahead;
    if (order.step == lease_step::join)
      for (auto& [budget, last] : last_)
        last = std::max(last, ahead);
    for (const auto& wanted : order.wanted)
      out.slices.push_back(hand_out(wanted, order.nodes, now, uncertainty));
    for (const auto& pause : order.pauses)
      pauses_[pause.budget] = std::max(pauses_[pause.budget], pause.until);
    for (const auto& [budget, until] : pauses_)
      if (until > now)
        out.pauses.push_back({budget, until});
    return out;
  }

  void flush() { *this = {}; }

private:
  turn_slice hand_out(const turns_wanted& wanted, uint32_t live, time_point now, std::chrono::nanoseconds uncertainty) {
    const auto ahead = now + turn_lease::lookahead;
    auto& last = last_.try_emplace(wanted.budget, ahead).first->second;
    last = std::min(last, ahead);
    turn_slice slice{wanted.budget, 0, now, {}, wanted.grace - uncertainty};
    auto share = uint64_t{wanted.requests} * std::min<uint64_t>(nodes_.size(), live) / live;
    if (share == 0)
      return slice;
    auto parts = static_cast<int64_t>(share);
    slice.spacing = std::chrono::nanoseconds{(wanted.span.count() + parts - 1) / parts};
    auto first = std::max(last + slice.spacing, now);
    if (first <= ahead)
      slice.count = static_cast<uint32_t>(std::min<int64_t>(wanted.count, (ahead - first) / slice.spacing + 1));
    if (slice.count > 0)
      last = first + (slice.count - 1) * slice.spacing;
    slice.first = first + uncertainty;
    return slice;
  }

  std::map<std::string, time_point> last_;
  std::map<std::string, time_point> nodes_;
  std::map<std::string, time_point> pauses_;
};

/// The first index of `used` (sorted) that is one too many for some span of `per`; used.size() when there is none.
template <class TimePoint>
size_t first_over_budget(const std::vector<TimePoint>& used, uint32_t requests, std::chrono::nanoseconds per) {
  for (size_t i = requests; i < used.size(); ++i)
    if (used[i] - used[i - requests] < per)
      return i;
  return used.size();
}

} // namespace lode
