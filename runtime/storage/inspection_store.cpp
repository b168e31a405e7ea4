#include "runtime/storage/inspection_store.hpp"

#include <algorithm>

namespace lode {

namespace {

constexpr std::array<std::string_view, 10> reasons{"none",        "queued",    "quota",  "store_slow", "api_slow",
                                                   "backing_off", "not_heard", "moving", "paused",     "suspended"};

} // namespace

std::string_view name_of(wait_reason reason) {
  return reasons.at(static_cast<size_t>(reason));
}

std::optional<wait_reason> wait_reason_of(std::string_view name) {
  const auto found = std::find(reasons.begin(), reasons.end(), name);
  if (found == reasons.end())
    return std::nullopt;
  return static_cast<wait_reason>(found - reasons.begin());
}

} // namespace lode
