#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "messages/storage.hpp"

namespace lode {

/// How one try to commit a group of pages ended.
enum class group_outcome : uint8_t {
  committed,
  refused,     ///< at least one page was, so nothing was written; the others are tried again
  split,       ///< it is too much, or holds a value that the database refuses: smaller groups follow
  timed_out,   ///< a page took too long alone
  unavailable, ///< the database commits nothing at the moment; the same group is tried again
  unknown,     ///< the answer was lost; a group that turns out to be committed or refused is then counted as that too
};

/// What the answers for all pages of a group say of it. Nothing: a lost answer turned out to mean that nothing was written,
/// and the group is tried again.
std::optional<group_outcome> outcome_of(std::span<const page_outcome> pages);

/// The page's counters as the store has them: records that the database refused count as dead, not as what they would have
/// become.
page_counters counters_after(const page_commit& page, const page_outcome& outcome);

} // namespace lode
