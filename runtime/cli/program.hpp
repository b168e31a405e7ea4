#pragma once

#include "runtime/node/extensions.hpp"

namespace lode {

/// The whole command line program. Returns its exit code (runtime/exit_code.hpp). `known` is what sources and
/// schedules may name: a program of one's own adds to what Lode brings.
int run_program(int argc, char** argv, const extensions& known = builtin_extensions());

} // namespace lode
