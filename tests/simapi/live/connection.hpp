#pragma once

#include "tests/simapi/live/event.hpp"

#include <deque>
#include <functional>
#include <string>

namespace simapi {

struct tenant_state;

/// How a connection ends.
enum class cut_kind : uint8_t {
  close,    // a close frame, then the end
  drop,     // the end, without a word
  reset,    // RST
  half_open // no end: nothing is sent any more, and nothing closed
};

/// One WebSocket as the hub knows it. Guarded by the simulation's mutex; belongs to its session, which is told by `wake` and `cut`.
struct live_connection {
  uint64_t id = 0;
  tenant_state* who = nullptr;
  uint32_t streams = 0; // subscribed to, a bit per stream_kind
  std::deque<std::string> replies;
  std::deque<outgoing_event> waiting;
  size_t in_flight = 0;    // events that the session is writing
  bool is_idle = false;    // the session sleeps until it is woken
  bool is_ended = false;   // takes no more events: it is half open, or about to be cut
  std::function<void()> wake;
  std::function<void(cut_kind)> cut;
};

} // namespace simapi
