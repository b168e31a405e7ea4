#pragma once

#include <functional>
#include <memory>

#include "actors/streaming/clock_history.hpp"
#include "actors/streaming/listener_registry.hpp"
#include "messages/actors.hpp"

namespace lode {

class websocket_client;

/// What the live side of one node shares. Made once by the composition root; everything in it outlives the actors.
struct live_services {
  gap_keeper_actor gaps;
  websocket_client* sockets = nullptr;
  clock_history* history = nullptr; ///< of the node's logical clock
  /// Makes the listener of a job; tests give their own.
  listener_spawner make_listener = spawn_listener;

  uint32_t window = 256; ///< messages heard and not committed, per listener
  std::chrono::milliseconds first_backoff{500};
  std::chrono::milliseconds longest_backoff{60'000};
  std::chrono::milliseconds stable_after{60'000}; ///< a listener that lasted so long begins with the first backoff again
};
using live_services_pointer = std::shared_ptr<const live_services>;

} // namespace lode
