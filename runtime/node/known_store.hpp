#pragma once

#include <string>

#include "runtime/storage/generation_store.hpp"

namespace lode {

/// What a look at the store says to a node that mines it.
enum class store_finding : uint8_t {
  as_expected,
  other_generation, ///< somebody ran `lode restored`: all that the node knows is of before
  went_back,        ///< it lacks what it had said was committed: nobody may mine before `lode restored` was run
};

/// What a node knows of its store, to be compared with what the store shows. Pure.
class known_store {
public:
  struct verdict {
    store_finding what = store_finding::as_expected;
    std::string why; ///< for people
  };

  /// As the store stood when the node began; what it shows, or showed to earlier lives, it never loses.
  known_store(int64_t generation, int64_t positions) : generation_(generation), positions_(positions) {}

  verdict judge(const store_standing& seen);
  int64_t generation() const noexcept { return generation_; }

private:
  int64_t generation_;
  int64_t positions_;
};

} // namespace lode
