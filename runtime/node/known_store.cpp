#include "runtime/node/known_store.hpp"

#include <algorithm>

namespace lode {

known_store::verdict known_store::judge(const store_standing& seen) {
  if (seen.generation != generation_)
    return {store_finding::other_generation, "the store has begun a new generation (`lode restored`)"};
  if (!seen.doubt.empty())
    return {store_finding::went_back, seen.doubt};
  if (seen.positions < positions_)
    return {store_finding::went_back, "it had given out " + std::to_string(positions_) + " positions of the feed and shows "
                                        + std::to_string(seen.positions) + " now"};
  positions_ = std::max(positions_, seen.positions);
  return {};
}

} // namespace lode
