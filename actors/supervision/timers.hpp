#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include <caf/actor_clock.hpp>
#include <caf/disposable.hpp>

#include "messages/actors.hpp"

namespace lode {

/// Serves all timers of a node from slots of 50 ms with a single pending CAF timer: CAF's own clock re-sorts all of its
/// entries at each insert, which costs a core with 100,000 of them. A restart loses what was armed; clients that
/// must not wait for ever arm again when they hear of it (the node's supervisor restarts them with it).
struct timers_state {
  static constexpr const char* name = "lode.timers";
  static constexpr std::chrono::milliseconds slot{50};
  static constexpr int64_t never = std::numeric_limits<int64_t>::max();
  using time_point = caf::actor_clock::time_point;

  explicit timers_state(timers_actor::pointer self) : self(self) {}
  timers_actor::behavior_type make_behavior();

  struct entry {
    caf::weak_actor_ptr client;
    uint64_t token;
  };
  int64_t current_slot() const;
  /// Sleeps until the first slot that holds something: an idle node's clock is woken no oftener than it must.
  void wake_up();
  void fire_due();

  timers_actor::pointer self;
  std::map<int64_t, std::vector<entry>> slots;
  int64_t armed_for = never; ///< the slot that `waker` waits for
  caf::disposable waker;
};
using timers = timers_actor::stateful_impl<timers_state>;

} // namespace lode
