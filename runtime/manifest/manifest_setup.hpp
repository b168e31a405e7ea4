#pragma once

#include <string>
#include <vector>

#include "runtime/manifest/plan.hpp"
#include "runtime/manifest/processor_step.hpp"

namespace lode {

/// What a node brings to its manifests: what they may name, and what holds where they are silent.
struct manifest_setup {
  std::vector<std::string> miners{default_miner}; ///< that `x-lode.miner` may name
  const step_registry* steps = nullptr;           ///< that `x-lode.steps` may name; null = none
  retry_defaults retries;
  dead_record_limits dead_limits;
  uint32_t delete_brake_percent = 20;
};

} // namespace lode
