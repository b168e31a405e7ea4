#include "runtime/extraction/early_end.hpp"

#include <algorithm>

namespace lode {

void page_descent::see(int64_t position) {
  // A record without the field has position 0, which says nothing of where it stands.
  is_falling_ = is_falling_ && position > 0 && (!first_ || position <= last_);
  first_ = first_.value_or(position);
  last_ = position;
}

bool descend(wire::descent& state, const page_descent& page, bool is_seam, instant settled) {
  if (!state.has_top() && state.settled_us() == 0)
    state.set_settled_us(settled.time_since_epoch().count());
  if (page.is_empty())
    return false;
  bool goes_on_below = !state.has_top() || page.first() <= state.lowest() || is_seam;
  state.set_is_broken(state.is_broken() || !page.is_falling() || !goes_on_below);
  if (!state.has_top())
    state.set_top(page.first());
  state.set_lowest(page.last());
  return !state.is_broken() && state.has_end_below() && page.last() < state.end_below();
}

std::optional<slice_anchor> anchor_of(const wire::descent& state) {
  if (!state.has_top() || state.is_broken())
    return std::nullopt;
  // A record from the future would end each run until then at its top.
  return slice_anchor{std::min(state.top(), state.settled_us()), instant{std::chrono::microseconds{state.settled_us()}},
                      state.edition(), {}};
}

wire::descent begin_descent(int64_t edition, const std::optional<slice_anchor>& known, std::chrono::microseconds lookback) {
  wire::descent state;
  state.set_edition(edition);
  if (known)
    state.set_end_below(known->position - lookback.count());
  return state;
}

wire::descent descend_again(const wire::descent& state) {
  wire::descent fresh;
  fresh.set_edition(state.edition());
  if (state.has_end_below())
    fresh.set_end_below(state.end_below());
  return fresh;
}

} // namespace lode
