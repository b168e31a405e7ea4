#pragma once

#include "runtime/cli/cli_context.hpp"
#include "runtime/cli/command.hpp"

namespace lode {

/// Those of `lode connection` that concern its work: streams, errors, reset.
void add_connection_work_commands(command connection, cli_context& context);

} // namespace lode
