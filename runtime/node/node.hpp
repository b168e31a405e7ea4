#pragma once

#include "config/settings.hpp"
#include "runtime/node/extensions.hpp"

namespace lode {

/// Runs one node until SIGTERM or SIGINT: store, actors, console. Returns the process's exit code: 0 after a clean stop,
/// 1 when the node gave up (the log says why), 2 when the settings cannot work.
/// While PostgreSQL does not answer it waits, at the start too. `known` is what sources and schedules may name.
int run_node(const settings& config, const extensions& known);

} // namespace lode
