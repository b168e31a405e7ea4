#pragma once

#include <functional>

#include "actors/extraction/miner.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// Makes the miner of one continuation. Whatever it is made of speaks miner_actor.
using miner_factory = std::function<miner_actor(caf::actor_system&, miner_job)>;
using miner_registry = registry<miner_factory>;

/// Pages through what a manifest describes; the miner of every stream that names no other.
inline constexpr const char* default_miner = "manifest";

/// The registry with what Lode brings.
miner_registry make_miner_registry();

} // namespace lode
