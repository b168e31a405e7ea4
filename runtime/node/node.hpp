#pragma once

#include "config/settings.hpp"
#include "runtime/exit_code.hpp"
#include "runtime/node/extensions.hpp"

namespace lode {

/// Runs one node until SIGTERM or SIGINT: store, actors, console. Returns with what the process is to end: exit_ok when it
/// was told to stop; exit_failed when it gave up (the log says why), or somebody ran `lode restored` meanwhile; exit_usage when
/// the settings cannot work; exit_conflict when the database is newer than this program, or lacks what it had said was
/// committed (then no node starts before `lode restored`). A node that cannot stop in time ends the process with exit_failed
/// itself. While PostgreSQL does not answer it waits, at the start too. `known` is what sources and schedules may name.
exit_code run_node(const settings& config, const extensions& known);

} // namespace lode
