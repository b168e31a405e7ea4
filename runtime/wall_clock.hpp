#pragma once

#include <chrono>

#include "messages/storage.hpp"

namespace lode {

/// Now by the node's clock: for due times, cursors and templates, never for order.
inline instant wall_clock() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

} // namespace lode
