#pragma once

#include "tests/simapi/control.hpp"

namespace simapi {

// What the control port tells about the live side.

control_reply live_report(simulation& sim, const parameters& query);
control_reply hooks_report(simulation& sim, const parameters& query);
control_reply settled_report(simulation& sim, const parameters& query);

} // namespace simapi
