#pragma once

#include <cstdint>

namespace simapi {

/// The simulated APIs' clock: real time plus an offset, or standing still. Milliseconds since 1970.
class sim_clock {
public:
  int64_t now(int64_t real) const { return stopped_ ? stopped_at_ : real + offset_; }
  bool stopped() const { return stopped_; }

  void set(int64_t now, int64_t real) {
    offset_ = now - real;
    stopped_at_ = now;
  }

  void advance(int64_t milliseconds) {
    offset_ += milliseconds;
    stopped_at_ += milliseconds;
  }

  /// Stops at, or goes on from, the present simulated time.
  void stop(bool stopped, int64_t real) {
    auto present = now(real);
    stopped_ = stopped;
    set(present, real);
  }

  void follow_real_time() { *this = {}; }

private:
  bool stopped_ = false;
  int64_t offset_ = 0;
  int64_t stopped_at_ = 0;
};

/// The machine's time in milliseconds since 1970.
int64_t real_now();

/// Milliseconds of a clock that never goes back, for whatever waits.
int64_t steady_now();

} // namespace simapi
