#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/storage/admin_store.hpp"

namespace lode {

enum class owed_reason : uint8_t {
  not_read,     ///< no run has come there yet
  run_open,     ///< one is about to read it
  failed,       ///< a page of it could not be had
  shifted,      ///< it was read, but its rows kept shifting meanwhile
  cancelled,    ///< by a person, a reset or a newer manifest
  dead_records, ///< it was read, but records of it could not be used
  not_heard,    ///< the connection was not listening, and no repair has ended since
};

/// A span of a partition of which not everything is there that the API had.
struct owed_interval {
  std::string partition;
  std::optional<instant> from; ///< none: from the beginning
  instant to{};
  owed_reason why = owed_reason::not_read;
  std::string detail; ///< for people
  run_id run;         ///< that it speaks of; 0 = none
  friend bool operator==(const owed_interval&, const owed_interval&) = default;
};

/// A span in which nobody listened: all that the API has of it was read, what it deleted then may still be there.
struct unverified_interval {
  std::optional<instant> from; ///< none: from the beginning
  instant to{};
  run_id run; ///< that repaired it, or the last part of it
  std::string detail;
  friend bool operator==(const unverified_interval&, const unverified_interval&) = default;
};

struct completeness {
  std::vector<owed_interval> owed; ///< by partition and time
  /// When the last run began that read the stream whole, or what was new of it. None for a stream that is read by dates, where
  /// the intervals tell, and when there was no such run.
  std::optional<instant> read_until;
  bool is_cut = false; ///< more is owed, or known, than was looked at
  std::vector<unverified_interval> unverified{}; ///< nothing is missing there, something may be too much

  bool is_complete() const noexcept { return owed.empty() && !is_cut; }
};

/// What of the span [from, to) of a stream is owed, and why. Without `from`, from where its reading began. Pure.
///
/// A stream that is read by dates owes what no closed interval covers. Any other is known, all of it or nothing, up to when a
/// run began that read all its slices to the end; with partitions also all else that it had to read, since a parent that failed
/// hides them. A newest-first partition is known up to its anchor's `known_until`. Records that died are owed until a later run
/// has read their place without losing any; of runs that are no longer known their dead letters tell, as long as they are kept.
/// What was read under another source or edition, by a backfill or by a repair makes no stream without dates whole. What a gap of
/// live capture covers is owed until its repair ends, whatever was read of it; after that, until a full pass has swept, it is told among
/// what is unverified.
completeness judge_completeness(const stream_reading& reading, std::optional<instant> from, instant to);

/// So many intervals are told at most.
inline constexpr size_t most_owed = 1'000;

} // namespace lode
