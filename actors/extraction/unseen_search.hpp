#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/runs.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Which live records a full pass did not see and may therefore be gone. Holds the marks of one round at a time, so that
/// memory stays bounded: round r of n compares the keys whose print leaves r when divided by n.
class unseen_search {
public:
  /// `dates` of a stream that is read in windows, with the name of its cursor field: only what lies in the pass's window can
  /// have been seen. Must outlive this.
  unseen_search(const pass_standing& pass, size_t marks_at_once, const incremental_plan* dates, std::string cursor_field);

  int64_t rounds() const noexcept { return rounds_; }
  void begin_round(int64_t round);
  void add(std::span<const uint64_t> marks);
  /// All marks of the round are added.
  void end_marks();
  /// The pass saw a record, or an answer, that cannot be told from any other: nothing is known to be gone.
  bool is_blind() const noexcept { return is_blind_; }

  bool is_of_round(std::string_view key) const;
  /// Of a record of this round.
  bool is_unseen(const live_fact& fact) const;

private:
  bool is_in_window(const live_fact& fact) const;

  pass_standing pass_;
  const incremental_plan* dates_;
  std::string cursor_field_;
  int64_t rounds_;
  int64_t round_ = 0;
  std::vector<uint64_t> marks_; ///< sorted
  bool is_blind_ = false;
};

/// Why so many of the live records may not be deleted before a person has said so; nothing: they may.
std::optional<std::string> why_held(int64_t unseen, int64_t live, uint32_t percent);

} // namespace lode
