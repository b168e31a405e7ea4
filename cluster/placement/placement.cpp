#include "cluster/placement/placement.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <string_view>
#include <tuple>
#include <utility>

#include "cluster/placement/rendezvous.hpp"

/// Rendezvous hashing: D. G. Thaler, C. V. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on
/// Networking 6(1), 1998. Bounded loads: V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", SODA
/// 2018: no node gets more than (1 + e) times its share, what it has no room for goes to the next nearest.
namespace lode {

namespace {

/// 1 + e = 9/8. Measured (docs/scaling.md): less makes joins move more between old nodes, more leaves nodes fuller than others.
constexpr uint64_t room_numerator = 9, room_denominator = 8;

struct candidate {
  std::string_view name;
  incarnation self;
  uint64_t hash = 0;
  uint32_t weight = 0;
  uint64_t room = 0;
};

std::vector<candidate> candidates_of(const cluster_view& view) {
  std::vector<candidate> result;
  for (const auto& node : view.nodes)
    if (node.state == node_state::member && node.weight > 0)
      result.push_back({node.name, node.self, rendezvous::hash_of(node.name), node.weight});
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return std::tie(a.name, a.self) < std::tie(b.name, b.self); });
  return result;
}

/// Room is whole shards. Rounded up for all, it would shrink for all nodes at once with one certain join; so each node has a
/// threshold of its own, and rooms shrink one by one.
void give_room(std::vector<candidate>& nodes, uint64_t shards) {
  auto weights = std::accumulate(nodes.begin(), nodes.end(), uint64_t{0}, [](auto sum, const auto& n) { return sum + n.weight; });
  auto divisor = weights * room_denominator;
  uint64_t all = 0;
  for (auto& node : nodes) {
    auto share = shards * node.weight * room_numerator;
    auto threshold = static_cast<uint64_t>((static_cast<unsigned __int128>(rendezvous::mix(node.hash)) * divisor) >> 64);
    node.room = share / divisor + (threshold < share % divisor ? 1 : 0);
    all += node.room;
  }
  if (all < shards) // few shards per node
    for (auto& node : nodes)
      node.room = (shards * node.weight * room_numerator + divisor - 1) / divisor;
}

/// Each shard asks its nearest node, then the next; a node that is full keeps the nearest ones. The result is the one stable
/// matching: it depends on no order, and one more node makes no shard's node farther but where rooms shrink.
class matching {
public:
  matching(const std::vector<candidate>& nodes, size_t shards)
    : nodes_(nodes), kept_(nodes.size()), owners_(shards, nodes.size()) {}

  std::vector<size_t> run() {
    for (size_t shard = 0; shard < owners_.size(); ++shard)
      settle({0, 0, shard});
    return std::move(owners_);
  }

private:
  /// A place in a shard's list of nodes, nearest first. Node numbers count from 1 here, so that {0, 0} stands before all.
  struct offer {
    uint64_t distance = 0;
    size_t node = 0;
    size_t shard = 0;
    auto operator<=>(const offer&) const = default;
  };

  void settle(offer last) {
    for (;;) {
      auto next = next_after(last);
      auto& kept = kept_[next.node - 1];
      kept.push(next);
      owners_[next.shard] = next.node - 1;
      if (kept.size() <= nodes_[next.node - 1].room)
        return;
      last = kept.top();
      kept.pop();
    }
  }

  offer next_after(const offer& last) const {
    offer best{UINT64_MAX, nodes_.size() + 1, last.shard};
    for (size_t i = 0; i < nodes_.size(); ++i) {
      offer here{rendezvous::distance(nodes_[i].hash, last.shard, nodes_[i].weight), i + 1, last.shard};
      if (last < here && here < best)
        best = here;
    }
    return best;
  }

  const std::vector<candidate>& nodes_;
  std::vector<std::priority_queue<offer>> kept_; ///< farthest first
  std::vector<size_t> owners_;
};

} // namespace

placement place(const cluster_view& view, size_t shard_count) {
  placement result{std::vector<incarnation>(shard_count)};
  auto nodes = candidates_of(view);
  if (nodes.empty())
    return result;
  give_room(nodes, shard_count);
  auto owners = matching{nodes, shard_count}.run();
  for (size_t shard = 0; shard < shard_count; ++shard)
    result.owners[shard] = nodes[owners[shard]].self;
  return result;
}

} // namespace lode
