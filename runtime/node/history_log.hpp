#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "messages/node_status.hpp"
#include "runtime/console/node_history.hpp"

namespace lode {

/// What nodes count from their start on, summed over those that were heard.
struct cluster_sums {
  double records = 0;
  double changed = 0;
  double calls = 0;
  double failed_calls = 0;
  double memory = 0;
};

/// What the nodes of a view counted between two surveys. Pure.
class cluster_counter {
public:
  /// `wanted`: the nodes that count at the moment. Nothing while one of them was not heard, now or the time before: what it did
  /// meanwhile is not known. One that started since then is.
  std::optional<cluster_sums> count(const std::vector<node_report>& heard, const std::vector<incarnation>& wanted, instant now);

private:
  std::map<incarnation, node_status> before_;
  std::optional<instant> counted_;
};

/// `sums` over `seconds`, as they are shown.
history_step step_of(const cluster_sums& sums, double seconds);

/// The steps of the last hour by their place on the clock. Any thread.
class history_log : public node_history {
public:
  /// In place of what was known of the step that ends at or just before `end`.
  void put(instant end, const history_step& step);
  history_table look(instant now, std::chrono::seconds span, std::chrono::seconds step) const override;

private:
  mutable std::mutex mutex_;
  std::map<int64_t, history_step> steps_; ///< by number of steps since 1970 at the end of each
};

} // namespace lode
