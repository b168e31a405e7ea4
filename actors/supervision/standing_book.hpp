#pragma once

#include <deque>
#include <map>
#include <set>
#include <vector>

#include "actors/supervision/standing.hpp"

namespace lode {

/// What the store is told of the connections of a node, and when: a change of what one waits for at the next look, its rate and its last
/// commit every ten seconds. Pure; a write that failed is told again.
class standing_book {
public:
  static constexpr size_t most_at_once = 500;
  static constexpr std::chrono::seconds refresh{10};

  struct entries {
    std::vector<told_standing> changed; ///< at most most_at_once; the rest at the next look
    std::vector<connection_id> ended;
  };

  /// Begins a look; then see() for each connection, then what is to be told. `left`: of these a run has ended since the latest look, also
  /// one that no look saw.
  void begin(instant now, const std::vector<connection_id>& left = {});
  void see(const connection_work& work, const standing_inputs& inputs);
  entries end();
  /// The store has these now.
  void told(const entries& written);

private:
  struct known {
    told_standing now;                    ///< as seen at the latest look
    std::optional<told_standing> told{};  ///< as the store has it
    instant told_at{};
    std::deque<std::pair<instant, int64_t>> records{}; ///< at the looks of the last ten seconds
    uint64_t look = 0;
  };
  void count(known& each, int64_t records);
  static bool is_news(const known& each);

  std::map<connection_id, known> known_;
  std::set<connection_id> left_; ///< the store does not know yet
  instant now_{};
  uint64_t look_ = 0;
};

} // namespace lode
