#pragma once

#include "tests/simapi/settings.hpp"

namespace simapi {

/// Serves itself over keep-alive loopback connections for a while and prints pages per second of wall time and of the server's CPU time.
int bench(const settings& config);

} // namespace simapi
