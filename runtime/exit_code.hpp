#pragma once

#include "messages/error.hpp"

namespace lode {

/// What the program returns to the shell; docs/operations.md has the same table.
enum exit_code : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,       ///< wrong arguments, configuration or input
  exit_no_node = 3,     ///< no node answers
  exit_not_found = 4,
  exit_conflict = 5,    ///< the state does not allow it, or it stands otherwise than expected
  exit_not_allowed = 6, ///< the node wants a token
  exit_try_later = 7,   ///< the database does not answer, or somebody else works on it
  exit_owed = 8,        ///< the answer is no: something is owed (`lode complete`)
};

/// With what the program ends when this error ends it.
constexpr exit_code exit_code_of(errc code) {
  switch (code) {
    case errc::none: return exit_ok;
    case errc::bad_argument:
    case errc::bad_source: return exit_usage;
    case errc::not_found: return exit_not_found;
    case errc::conflict:
    case errc::stale_version: return exit_conflict;
    case errc::store_unavailable: return exit_try_later;
    default: return exit_failed;
  }
}

} // namespace lode
