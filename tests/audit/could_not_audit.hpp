#pragma once

#include <stdexcept>

namespace audit {

/// Something that says nothing about the store: no connection, unreadable truth. Ends the audit with exit code 2.
struct could_not_audit : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace audit
