#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_map>

#include "messages/cluster.hpp"

namespace lode {

/// What one node makes of the counters of others: a node is dead when this one read the same counter for a whole lease of its own
/// steady clock while the database answered. No wall clock takes part, neither here nor in the store. Callers pass the time in.
class member_watch {
public:
  using time_point = std::chrono::steady_clock::time_point;
  static_assert(time_point::clock::is_steady);

  /// Between two answers at most: after a longer pause it was perhaps this node that stood still, or the database, and with it
  /// everybody else.
  static constexpr std::chrono::milliseconds longest_pause{1'500};

  /// As membership_store::bury takes it.
  struct burial {
    incarnation dead;
    int64_t beat = 0;
    int64_t view = 0;
  };

  explicit member_watch(incarnation self) : self_(self) {}

  /// A look that was sent at `sent` and answered at `answered`: whom to declare gone now. One at a time, since each raises the
  /// view; look again at once.
  std::optional<burial> saw(const cluster_view& view, time_point sent, time_point answered);

  /// A look, or a beat of this node, failed: while the database does not answer, or takes no writes, nobody's counter moves. All
  /// observations begin anew.
  void missed() { seen_.clear(); }

private:
  struct observation {
    int64_t beat = 0;
    time_point since; ///< the counter stood here at the latest then
  };

  incarnation self_;
  std::unordered_map<incarnation, observation> seen_;
  std::optional<time_point> last_;
};

/// Everything is the same but the counters.
bool shows_the_same(const cluster_view& a, const cluster_view& b);

/// How long a node that ended soon after its start, so many times in a row, waits before it takes part.
inline std::chrono::seconds wait_after_flaps(int64_t flaps) {
  constexpr std::chrono::seconds longest{30};
  if (flaps <= 0)
    return std::chrono::seconds{0};
  return std::min(longest, std::chrono::seconds{int64_t{1} << std::min<int64_t>(flaps - 1, 5)});
}

} // namespace lode
