#include "cluster/membership/view_board.hpp"

#include <algorithm>
#include <utility>

namespace lode {

void view_board::put(view_pointer view, time_point now) {
  std::lock_guard lock{mutex_};
  std::erase_if(gone_, [&](const auto& entry) { return now - entry.second >= settle_; });
  if (latest_)
    for (const auto& node : latest_->nodes)
      gone_.emplace(node.self, now);
  for (const auto& node : view->nodes)
    gone_.erase(node.self);
  latest_ = std::move(view);
}

view_pointer view_board::latest() const {
  std::lock_guard lock{mutex_};
  return latest_;
}

uint32_t view_board::live_nodes(time_point now) const {
  std::lock_guard lock{mutex_};
  auto waning = std::count_if(gone_.begin(), gone_.end(), [&](const auto& entry) { return now - entry.second < settle_; });
  auto shown = latest_ ? latest_->nodes.size() : 0;
  return static_cast<uint32_t>(std::max<size_t>(1, shown + static_cast<size_t>(waning)));
}

} // namespace lode
