#pragma once

namespace lode {

/// The whole command line program. Returns its exit code (cli_context.hpp: exit_code).
int run_program(int argc, char** argv);

} // namespace lode
