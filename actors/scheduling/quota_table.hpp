#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "actors/scheduling/shared_quota.hpp"

namespace lode {

/// A limit on requests: at most `requests` in any span of `per`, evenly spread (turn_rule). `requests == 0`: no declared limit,
/// only pauses that the API asked for.
struct quota_limit {
  std::string budget; ///< whom it concerns: app, credential, tenant or endpoint
  uint32_t requests = 0;
  std::chrono::nanoseconds per{0};
  bool is_shared = false; ///< with other nodes
};

/// What holds a request back, and for how long; not at all: zero.
struct quota_hold {
  std::chrono::nanoseconds wait{0};
  std::string budget;
};

/// Turns and pauses of this node, by budget. Pure; callers pass the time in.
class quota_table {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit quota_table(shared_quota with_others) : shared_(std::move(with_others)) {}

  /// The longest that one of `limits` asks a request to wait. A budget that is seen for the first time begins without a turn,
  /// as an earlier life of this node, or another one, may just have used it.
  quota_hold hold_of(std::span<const quota_limit> limits, time_point now);

  /// One request goes out now, which hold_of() did not hold back.
  void spend(std::span<const quota_limit> limits, time_point now);

  /// No request of `budget` before `until`. A pause is never shortened.
  void pause(const std::string& budget, time_point until);

  /// Forgets what was not used for a day beyond the time of its next turn.
  void forget_idle(time_point now);
  size_t size() const noexcept { return own_.size() + pauses_.size(); }

  shared_quota& shared() noexcept { return shared_; }

private:
  time_point earliest(const quota_limit& limit, time_point now);

  struct own_budget {
    timetable turns;
    std::chrono::nanoseconds spacing;
  };
  own_budget& find(const quota_limit& limit, const turn_rule& rule, time_point now);

  std::unordered_map<std::string, own_budget> own_; ///< that no other node uses
  std::unordered_map<std::string, time_point> pauses_;
  shared_quota shared_;
};

} // namespace lode
