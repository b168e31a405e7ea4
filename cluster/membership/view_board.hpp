#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "messages/cluster.hpp"

namespace lode {

/// The latest view, for whoever cannot wait for a message. Any thread.
class view_board {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// What a node took of a shared budget before it went away counts as long as this: shared_quota::settle.
  explicit view_board(std::chrono::milliseconds settle = std::chrono::seconds{5}) : settle_(settle) {}

  void put(view_pointer view, time_point now = std::chrono::steady_clock::now());
  /// Null before the first.
  view_pointer latest() const;
  /// Nodes that may be sending requests: those that join, take part or drain, and those that are not gone for long. At least 1.
  uint32_t live_nodes(time_point now = std::chrono::steady_clock::now()) const;

private:
  std::chrono::milliseconds settle_;
  mutable std::mutex mutex_;
  view_pointer latest_;
  std::unordered_map<incarnation, time_point> gone_; ///< when each was first missing
};

} // namespace lode
