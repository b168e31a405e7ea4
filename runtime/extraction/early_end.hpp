#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "messages/storage.hpp"
#include "messages/wire/continuation.pb.h"

namespace lode {

/// The positions (ordering values, microseconds) of the records of one page, in the order of the page.
class page_descent {
public:
  void see(int64_t position);

  bool is_empty() const noexcept { return !first_; }
  int64_t first() const noexcept { return *first_; }
  int64_t last() const noexcept { return last_; }
  /// No position is above the one before, and each record has one.
  bool is_falling() const noexcept { return is_falling_; }

private:
  std::optional<int64_t> first_;
  int64_t last_ = 0;
  bool is_falling_ = true;
};

/// Whether what leads to a page (the JSON text of a token or a next link) counts rows or pages: a plain number, or a link whose
/// query has a parameter such as `page` or `offset` with one. A row that goes above moves such pages up, and nothing shows it.
bool is_position(std::string_view token);

/// What a page means for the descent of its slice. Pure.
///
/// `is_seam` says that the page holds the record which the page before ended with: what stands above it repeats known rows.
/// `settled` is when the page was asked for, by whichever clock is behind, less the settle time; where the API tells no time, the
/// position of its top, if that is earlier. Moves `state`; returns whether all that is left of the slice is known from earlier
/// runs. That its records are known is no evidence: live events, repairs and interrupted runs store records above what nobody
/// has read.
bool descend(wire::descent& state, const page_descent& page, bool is_seam, instant settled);

/// Where the next run may stop, from a slice that was read from its top to its end or to the anchor before; nothing when it
/// proves nothing: records out of order, or none at all.
std::optional<slice_anchor> anchor_of(const wire::descent& state);

/// The descent of a slice in a new run. `known`: what its partition's anchor is, none for a run that reads everything.
/// `lookback`: how far below the anchor changes may have come to light since.
wire::descent begin_descent(int64_t edition, const std::optional<slice_anchor>& known, std::chrono::microseconds lookback);

/// The same slice from its top again.
wire::descent descend_again(const wire::descent& state);

} // namespace lode
