#pragma once

#include "runtime/lease.hpp"

namespace lode {

/// For nodes that nobody else can declare gone.
inline void renew_for_ever(lease& held) {
  held.renew(lease::duration::max());
}

} // namespace lode
