#pragma once

#include <string>

#include "messages/storage.hpp"

namespace lode {

/// What a partition of a stream is known up to, as another program's state says.
struct imported_cursor {
  std::string stream;
  std::string partition; ///< canonical JSON text, "" for the only one
  instant known_up_to{};
  friend bool operator==(const imported_cursor&, const imported_cursor&) = default;
};

} // namespace lode
