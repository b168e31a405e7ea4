#pragma once

#include <algorithm>
#include <chrono>

namespace lode {

/// Decides when a socket is pinged, and when its silence means that the peer is gone. Pure: callers pass the time in.
class liveness {
public:
  using clock = std::chrono::steady_clock;

  enum class act { wait, ping, give_up };
  struct step {
    act what;
    clock::time_point next; ///< ask again then
  };

  /// Zero = never.
  liveness(clock::duration idle_timeout, clock::duration ping_every) : idle_(idle_timeout), ping_(ping_every) {}

  void start(clock::time_point now) {
    heard_ = now;
    next_ping_ = now + ping_;
  }

  void heard(clock::time_point now) { heard_ = now; }
  clock::time_point last_heard() const { return heard_; }

  /// The socket is not read: silence means nothing.
  void pause() { is_paused_ = true; }
  void resume(clock::time_point now) {
    is_paused_ = false;
    resumed_ = now;
  }

  clock::time_point next() const {
    auto end = is_paused_ || idle_.count() == 0 ? clock::time_point::max() : std::max(heard_, resumed_) + idle_;
    return ping_.count() == 0 ? end : std::min(end, next_ping_);
  }

  step due(clock::time_point now) {
    auto silent_since = std::max(heard_, resumed_);
    if (!is_paused_ && idle_.count() > 0 && now - silent_since >= idle_)
      return {act::give_up, now};
    if (ping_.count() == 0 || now < next_ping_)
      return {act::wait, next()};
    next_ping_ = now + ping_;
    return {act::ping, next()};
  }

private:
  clock::duration idle_, ping_;
  clock::time_point heard_{}, resumed_{}, next_ping_{};
  bool is_paused_ = false;
};

} // namespace lode
