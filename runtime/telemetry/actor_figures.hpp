#pragma once

#include <caf/telemetry/metric_registry.hpp>

#include <vector>

#include "messages/node_status.hpp"

namespace lode {

/// The actors of a node by name, as CAF's registry counts their mailboxes (caf.metrics-filters.actors). It knows neither how many
/// run nor restarts: who counts those fills them in.
std::vector<actor_figures> actor_figures_of(const caf::telemetry::metric_registry& registry);

} // namespace lode
