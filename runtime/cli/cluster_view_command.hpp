#pragma once

#include "runtime/cli/cli_context.hpp"
#include "runtime/cli/command.hpp"

namespace lode {

/// Those of `lode cluster` that look into it: shards, actors.
void add_cluster_view_commands(command cluster, cli_context& context);

} // namespace lode
