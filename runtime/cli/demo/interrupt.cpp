#include "runtime/cli/demo/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace lode::demo {

namespace {

std::atomic<bool> was_told = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note_signal(int) {
  was_told = true;
}

} // namespace

void watch_signals() {
  was_told = false;
  struct sigaction action = {};
  action.sa_handler = note_signal; // no SA_RESTART: a blocking read ends as well
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void check_interrupt() {
  if (was_told)
    throw interrupted{};
}

void pause_ms(int milliseconds) {
  check_interrupt();
  for (; milliseconds > 0; milliseconds -= 20) {
    std::this_thread::sleep_for(std::chrono::milliseconds{std::min(milliseconds, 20)});
    check_interrupt();
  }
}

} // namespace lode::demo
