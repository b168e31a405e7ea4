#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/manifest/plan.hpp"
#include "runtime/manifest/processor_step.hpp"

namespace lode {

/// Checks the `settings` of a listener when its source is loaded; mistakes are told with settings.error(message, key).
using listener_check = std::function<void(const component& settings)>;

/// What a node brings to its manifests: what they may name, and what holds where they are silent.
struct manifest_setup {
  std::vector<std::string> miners{default_miner}; ///< that `x-lode.miner` may name
  const step_registry* steps = nullptr;           ///< that `x-lode.steps` may name; null = none
  /// That `x-lode.live` may name. Null: the settings are the listener's own affair (of the two built in they are checked here).
  std::map<std::string, listener_check, std::less<>> listeners{{webhook_listener_name, {}}, {websocket_listener_name, {}}};
  retry_defaults retries;
  dead_record_limits dead_limits;
  uint32_t delete_brake_percent = 20;
};

} // namespace lode
