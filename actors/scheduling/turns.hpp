#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace lode {

/// How a budget of `requests` in any span of `per` is kept: as turns, `span / requests` apart. A turn may be used from its
/// time on until `grace` later. What is used in a span of `per` had its time in a span of `per + grace = span`, which holds
/// at most `requests` turns: so the budget is kept in any span, and `per / span` of it can be used (96 % from 1 s on).
///
/// A timetable that begins with the turn of this moment given up keeps the budget together with what ONE timetable before it
/// used. Each further one that ended, or changed its pace, less than a span ago may have used a turn just before: two nodes
/// with a share of one request each may both use it now, and half a span later a common timetable would let go a third. So
/// each timetable that ends or changes costs a turn more, and in all at most a span: starts, losses and changes of hands
/// cost turns, and wait for a whole `per` only where that is what so many turns are.
struct turn_rule {
  uint32_t requests = 0;
  std::chrono::nanoseconds span{0};
  std::chrono::nanoseconds grace{0};

  turn_rule(uint32_t requests, std::chrono::nanoseconds per)
    : requests(requests), span(per), grace(std::max<std::chrono::nanoseconds>(per / 25, std::chrono::milliseconds{40})) {
    span += grace;
  }
};

/// One node's own timetable of a budget.
class timetable {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit timetable(time_point given_up) : last_(given_up) {}

  /// Time of the next turn when `share` requests are this node's; it can be used when that is not after `now`. 0 = never.
  time_point next(const turn_rule& rule, uint32_t share, time_point now) const {
    if (share == 0)
      return time_point::max();
    return std::max(last_ + spacing_of(rule, share), now - rule.grace);
  }
  void take(const turn_rule& rule, uint32_t share, time_point now) { last_ = next(rule, share, now); }
  /// All turns up to then are another one's, or nobody's.
  void give_up_until(time_point when) { last_ = std::max(last_, when); }
  /// So many turns are nobody's: other timetables may have used them. Never more than leaves a turn a span after `now`.
  void skip(const turn_rule& rule, uint32_t share, uint32_t turns, time_point now) {
    if (share == 0)
      return;
    auto spacing = spacing_of(rule, share);
    last_ = std::max(last_, std::min(last_ + turns * spacing, now + rule.span - spacing));
  }
  time_point last() const noexcept { return last_; }

private:
  static std::chrono::nanoseconds spacing_of(const turn_rule& rule, uint32_t share) {
    return (rule.span + std::chrono::nanoseconds{share - 1}) / share;
  }

  time_point last_;
};

} // namespace lode
