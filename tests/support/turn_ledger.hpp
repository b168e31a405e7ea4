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
    const auto before = most_live();
    nodes_[node] = {now, order.nodes};
    std::erase_if(nodes_, [now](const auto& each) { return each.second.heard + turn_lease::presence < now; });
    const auto live = most_live();
    if (auto ended = (order.step == lease_step::join ? 1 : 0) + (before > live ? before - live : 0); ended > 0)
      give_up(ended, now);
    for (const auto& wanted : order.wanted)
      out.slices.push_back(hand_out(wanted, live, now, uncertainty));
    for (const auto& pause : order.pauses)
      pauses_[pause.budget] = std::max(pauses_[pause.budget], pause.until);
    for (const auto& [budget, until] : pauses_)
      if (until > now)
        out.pauses.push_back({budget, until});
    return out;
  }

  void flush() { *this = {}; }

private:
  struct presence {
    time_point heard;
    uint32_t live; ///< so many nodes it reckons with
  };
  struct timetable_state {
    time_point last;
    uint32_t owed = 0; ///< turns to give up before the next one
  };

  uint32_t most_live() const {
    uint32_t most = 0;
    for (const auto& [node, each] : nodes_)
      most = std::max(most, each.live);
    return most;
  }

  /// So many timetables of nodes ended.
  void give_up(uint32_t ended, time_point now) {
    for (auto& [budget, table] : tables_)
      table = {std::max(table.last, now + turn_lease::lookahead), table.owed + ended};
  }

  turn_slice hand_out(const turns_wanted& wanted, uint32_t live, time_point now, std::chrono::nanoseconds uncertainty) {
    const auto ahead = now + turn_lease::lookahead;
    auto& [last, owed] = tables_.try_emplace(wanted.budget, timetable_state{ahead, wanted.others}).first->second;
    last = std::min(last, ahead);
    turn_slice slice{wanted.budget, 0, now, {}, wanted.grace - uncertainty};
    auto share = uint64_t{wanted.requests} * std::min<uint64_t>(nodes_.size(), live) / live;
    if (share == 0)
      return slice;
    auto parts = static_cast<int64_t>(share);
    slice.spacing = std::chrono::nanoseconds{(wanted.span.count() + parts - 1) / parts};
    auto first = std::max(last + (1 + std::min<int64_t>(owed, parts - 1)) * slice.spacing, now);
    if (first <= ahead)
      slice.count = static_cast<uint32_t>(std::min<int64_t>(wanted.count, (ahead - first) / slice.spacing + 1));
    if (slice.count > 0) {
      last = first + (slice.count - 1) * slice.spacing;
      owed = 0;
    }
    slice.first = first + uncertainty;
    return slice;
  }

  std::map<std::string, timetable_state> tables_;
  std::map<std::string, presence> nodes_;
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
