#pragma once

#include "actors/streaming/courier.hpp"
#include "runtime/console/console_services.hpp"
#include "runtime/node/mining_tree.hpp"

namespace lode {

/// What the courier of a node works with. `resources` outlives it.
courier_parts courier_parts_of(mining_resources& resources, timers_actor timers);

/// What there is to say of a sink's text; nothing is made.
sink_summary inspect_sink(const std::string& name, const std::string& text, const sink_registry& known);

} // namespace lode
