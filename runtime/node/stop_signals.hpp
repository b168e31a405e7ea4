#pragma once

#include <chrono>
#include <csignal>

namespace lode {

/// SIGTERM and SIGINT, taken one by one by the main thread. Made before any other thread.
class stop_signals {
public:
  stop_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  bool arrived_within(std::chrono::milliseconds span) {
    timespec limit{span.count() / 1000, (span.count() % 1000) * 1'000'000};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

private:
  sigset_t set_;
};

} // namespace lode
