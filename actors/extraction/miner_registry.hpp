#pragma once

#include <functional>

#include "actors/extraction/miner.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// Makes the miner of one continuation. Whatever it is made of speaks miner_actor.
using miner_factory = std::function<miner_actor(caf::actor_system&, miner_job)>;
using miner_registry = registry<miner_factory>;

/// default_miner, which pages through what a manifest describes. Add miners of your own with add().
miner_registry builtin_miners();

/// Makes every job's miner by the name that its stream gives. `known` must outlive the result and hold the names that
/// plans were loaded with: another name is a defect and ends the process.
miner_factory miners_by_name(const miner_registry& known);

} // namespace lode
