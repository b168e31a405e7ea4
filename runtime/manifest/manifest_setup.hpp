#pragma once

#include "runtime/manifest/miner_kind.hpp"
#include "runtime/manifest/plan.hpp"
#include "runtime/manifest/processor_step.hpp"

namespace lode {

struct made_listener;    // runtime/manifest/listener_kind.hpp
struct listener_request;
using listener_registry = registry<std::function<made_listener(const listener_request&)>>;

/// What a node brings to its manifests: what they may name, and what holds where they are silent. Refers to the node's registries.
struct manifest_setup {
  const miner_registry* miners = nullptr; ///< that `x-lode.miner` may name; null = only default_miner
  const step_registry* steps = nullptr;   ///< that `x-lode.steps` may name; null = none
  /// That `x-lode.live` may name; null = the two that Lode brings, read and checked, and spawned by nobody.
  const listener_registry* listeners = nullptr;
  retry_defaults retries;
  dead_record_limits dead_limits;
  uint32_t delete_brake_percent = 20;
};

} // namespace lode
