#pragma once

namespace lode {

/// Runs `last` when it goes, which may be together with the coroutine that waits.
template <class F>
struct at_end {
  F last;
  ~at_end() { last(); }
};
template <class F>
at_end(F) -> at_end<F>;

} // namespace lode
