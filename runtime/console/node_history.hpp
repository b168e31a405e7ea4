#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "messages/storage.hpp"

namespace lode {

/// What the whole cluster did within one step. Nothing: it is not known for certain.
struct history_step {
  std::optional<double> records;       ///< a second
  std::optional<double> calls;         ///< to APIs, a second
  std::optional<double> changed_share; ///< of the records, 0 to 1
  std::optional<double> errors;        ///< calls that failed, a minute
  std::optional<double> lateness;      ///< seconds; 95 of 100 connections that are due are less late
  std::optional<double> queue;         ///< continuations that are open
  std::optional<double> memory;        ///< bytes, of all nodes
};

/// Steps of equal length, oldest first; the last one has ended.
struct history_table {
  instant from{};
  std::chrono::seconds step{15};
  std::vector<history_step> steps;
};

/// The last hour, as this node has seen it. Any thread.
class node_history {
public:
  static constexpr std::chrono::seconds finest{15};
  static constexpr size_t most_steps = 240;

  virtual ~node_history() = default;
  /// `step` is a multiple of `finest`, `span` of `step`.
  virtual history_table look(instant now, std::chrono::seconds span, std::chrono::seconds step) const = 0;
};

} // namespace lode
