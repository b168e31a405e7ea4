#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/scheduling/turns.hpp"
#include "messages/turns.hpp"

namespace lode {

/// This node's part of the budgets that all nodes use. Pure; callers pass the time in.
///
///   divided ──Redis answered a look──▶ joining ──answer──▶ joined      divided: requests / nodes, by timetables of its own
///      ▲ ◀────────────no answer──────────┴────────────────────┘        joined: turns of slices that Redis handed out
///
/// Redis hands out turns for those present there and keeps back the shares of the others. The order of steps keeps the sum
/// within the budget: a node stops using its share before it joins, and takes its share again only when Redis surely counts
/// it as absent and what it handed out till then is over. A share shrinks as soon as there are more nodes, and grows only
/// when that has held for `settle`; a node that starts beside others waits as long before it takes anything. And each
/// timetable that ends or changes its pace costs a turn (`turn_rule`): of the one that joins, Redis gives up a turn; of those
/// of nodes that are gone, whoever takes their part.
///
/// A Redis that answers a look may still refuse to hand out turns (full, a replica, missing rights). Each attempt to join costs
/// turns, so after one that failed the node lives from its share for a while, longer each time.
class shared_quota {
public:
  using time_point = timetable::time_point;
  /// Within this time all nodes know of one that came or went.
  static constexpr std::chrono::seconds settle{5};
  /// An order has no effect later than so long after it was made.
  static constexpr std::chrono::milliseconds order_holds{500};

  shared_quota(bool has_redis, uint32_t nodes, time_point now);

  /// When the next request of the budget may go; not after `now` = at once. Without a turn in sight: some time to look again.
  time_point earliest(const std::string& budget, const turn_rule& rule, time_point now);
  /// Uses the turn that earliest() named. Without one nothing happens.
  void spend(const std::string& budget, const turn_rule& rule, time_point now);
  /// The others are to know.
  void pause(const std::string& budget, time_point until);

  void set_nodes(uint32_t live, time_point now);
  /// What to ask Redis now; nothing where there is none. The answer goes to leased() or failed(). `waiting`: how many requests
  /// a budget holds back.
  std::optional<lease_turns> order(const std::function<size_t(const std::string&)>& waiting, time_point now);
  void leased(const turns_leased& answer);
  void failed(time_point now);

  /// Redis is configured, and not used.
  bool is_fallback() const noexcept { return has_redis_ && phase_ == phase::divided; }
  uint32_t nodes() const noexcept { return nodes_; }

private:
  enum class phase : uint8_t { divided, joining, joined };
  struct turn {
    time_point from, until;
  };
  struct departure {
    time_point known;
    uint32_t nodes;
  };
  struct budget {
    turn_rule rule;
    timetable own;
    std::deque<turn> turns; ///< leased, in order
    uint32_t spent = 0;     ///< since the latest order
    time_point used{};
  };

  budget& find(const std::string& name, const turn_rule& rule, time_point now);
  void change_pace(uint32_t turns, time_point now);
  uint32_t gone_within(std::chrono::nanoseconds span, time_point now) const;
  void keep(const turn_slice& slice);
  void give_up_until(time_point when);
  void put_off_joining();
  std::chrono::nanoseconds longest_span() const;
  std::chrono::nanoseconds longest_spacing() const;
  static void forget_stale(budget& b, time_point now);

  bool has_redis_;
  bool is_redis_there_ = false;
  phase phase_ = phase::divided;
  uint32_t nodes_;
  time_point enough_since_; ///< there were never fewer nodes than nodes_ after it
  std::vector<departure> gone_; ///< what they used may still count
  time_point start_;        ///< takes nothing before, also from Redis: others may not know of this node
  time_point share_from_;   ///< in phase divided: nothing before
  time_point order_ends_{}; ///< the latest order has no effect later
  time_point may_join_{};   ///< after an attempt that failed: not before
  std::chrono::nanoseconds join_pause_{0}; ///< the latest one; 0 = the latest attempt to join succeeded
  std::map<std::string, budget> budgets_;
  std::map<std::string, time_point> pauses_; ///< not yet told
  std::vector<shared_pause> being_told_;     ///< those of pauses_ that the latest order tells
};

} // namespace lode
