#pragma once

#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

/// From now on SIGINT and SIGTERM only set a mark, so that the show can stop its children in order.
void watch_signals();
/// Throws interrupted when one of them came.
void check_interrupt();
/// Waits, but not after a signal: then throws interrupted.
void pause_ms(int milliseconds);

} // namespace lode::demo
