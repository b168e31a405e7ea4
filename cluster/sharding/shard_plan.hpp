#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cluster/placement/placement.hpp"
#include "messages/cluster.hpp"

namespace lode {

/// What one node does about shards: which it claims, which it vacates, which it has lost. Callers pass in what they saw and when.
///
///   other's --claimed, or the store shows it--> held --due to another member--> leaving --vacated--> releasing --released--> other's
///      ^_____________________ the store shows another owner: lost ______________|_______|
class shard_plan {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// At most so many shards leave at a time, so that most go on working until it is their turn; idle ones take no time. A node
  /// that drains lets go of all at once.
  static constexpr size_t leaving_at_once = 256;
  /// Views that never stand still so long are acted on all the same.
  static constexpr std::chrono::seconds longest_unrest{5};
  /// The store's owners are read so often: while this node waits for shards or gives some away, while others do, and else.
  static constexpr std::chrono::milliseconds read_unsettled{500}, read_others_unsettled{1'000}, read_settled{5'000};
  /// Of one statement.
  static constexpr size_t claimed_at_once = 512;

  explicit shard_plan(incarnation self) : self_(self) {}

  void saw(view_pointer view, time_point now);

  /// Against what was believed.
  struct difference {
    std::vector<shard_claim> gained; ///< of an earlier start, or the answer to the claim was lost
    std::vector<shard_id> lost;
    std::vector<shard_id> released;  ///< the answer to the release was lost
  };
  difference read(const std::vector<shard_owner>& owners);

  struct step {
    int64_t view = 0;
    std::vector<shard_id> claim;
    std::vector<shard_id> vacate; ///< are leaving from now on
  };
  /// What is to be done now; nothing before the view is quiet.
  step next(time_point now);

  /// What next() wanted was got; what it did not get is asked for again. Returns what is new.
  std::vector<shard_claim> claimed(const std::vector<shard_claim>& claims);

  /// Those of them that this node was leaving are to be released.
  void vacated(const std::vector<shard_id>& shards);
  std::vector<shard_id> to_release() const;
  void released(const std::vector<shard_id>& shards);

  /// All shards that are due to this node and owned by another one that lives, in order.
  std::vector<shard_id> coming() const;

  size_t owned() const noexcept { return owned_; }
  const std::vector<incarnation>& owners() const noexcept { return owners_; }

  /// When the store's owners should be read again at the latest, if they were read at `last`.
  time_point read_at(time_point last) const;
  /// Same, once a peer has said that it released shards.
  time_point read_when_freed(time_point last) const;

private:
  enum class standing : uint8_t { others, held, leaving, releasing };
  struct holding {
    standing state = standing::others;
    shard_epoch epoch;
  };

  bool may_act(time_point now) const;
  bool takes_part() const;
  bool is_alone() const;
  bool is_alive(incarnation node) const;
  bool may_claim(size_t shard) const;
  bool must_leave(size_t shard) const;
  bool awaits_some() const;
  void give_up(size_t shard);
  void hold(size_t shard, shard_epoch epoch);
  void learn_size(size_t shards);
  void place_shards();

  incarnation self_;
  view_pointer view_;
  std::vector<int64_t> alive_; ///< incarnations of the view, sorted
  std::vector<std::tuple<std::string, incarnation, uint32_t>> members_; ///< on whom placement depends
  time_point act_at_{};
  std::optional<time_point> restless_since_; ///< members have changed since this was last acted on
  std::vector<incarnation> due_; ///< under the number placed_; empty before the first
  int64_t placed_ = -1;
  bool is_draining_ = false;
  std::vector<incarnation> owners_;
  std::vector<holding> holdings_;
  size_t owned_ = 0;   ///< not others'
  size_t leaving_ = 0;
  size_t releasing_ = 0;
};

} // namespace lode
