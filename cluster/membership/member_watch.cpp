#include "cluster/membership/member_watch.hpp"

#include <tuple>

namespace lode {

std::optional<member_watch::burial> member_watch::saw(const cluster_view& view, time_point sent, time_point answered) {
  // From answer to answer, so that a freeze within a look counts as well.
  if (last_ && answered - *last_ > longest_pause)
    missed();
  last_ = answered;

  std::unordered_map<incarnation, observation> now;
  std::optional<burial> result;
  for (const auto& node : view.nodes) {
    if (node.self == self_)
      continue;
    auto before = seen_.find(node.self);
    auto is_same = before != seen_.end() && before->second.beat == node.beat;
    now[node.self] = is_same ? before->second : observation{node.beat, answered};
    // This counter was read after `sent`.
    if (is_same && !result && sent - before->second.since >= heartbeat::lease)
      result = burial{node.self, node.beat, view.number};
  }
  seen_ = std::move(now);
  return result;
}

bool shows_the_same(const cluster_view& a, const cluster_view& b) {
  auto all_but_beat = [](const node_row& x) { return std::tie(x.name, x.self, x.state, x.weight, x.address); };
  return a.number == b.number
         && std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(),
                       [&](const auto& x, const auto& y) { return all_but_beat(x) == all_but_beat(y); });
}

} // namespace lode
