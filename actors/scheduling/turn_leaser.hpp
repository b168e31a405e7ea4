#pragma once

#include <caf/all.hpp>

#include <functional>

#include "messages/actors.hpp"

namespace lode {

/// Carries out an order; blocks. Fails when Redis did not answer, or not usefully.
using turn_source = std::function<caf::expected<turns_leased>(const lease_turns&)>;

/// Stands between the gate, which must not wait, and Redis. Spawned detached. Holds nothing that matters: when it ends, the
/// gate's order fails.
inline turn_leaser_actor::behavior_type turn_leaser(turn_leaser_actor::pointer, turn_source source) {
  return {[source = std::move(source)](const lease_turns& order) -> caf::result<turns_leased> {
    auto leased = source(order);
    if (!leased)
      return leased.error();
    return std::move(*leased);
  }};
}

} // namespace lode
