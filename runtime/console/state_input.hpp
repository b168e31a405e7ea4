#pragma once

#include <caf/expected.hpp>

#include "runtime/console/state_view.hpp"
#include "runtime/storage/admin_store.hpp"

namespace lode {

/// Reads what is to become of a connection's state: the form in which it is shown, all or a part of it. `state` is what
/// stands in the store now. Fails with errc::bad_argument (all mistakes at once) or, where an item says what it was
/// instead of its version, errc::stale_version.
caf::expected<state_edit> read_state_edit(const std::string& text, const connection_row& connection,
                                          const state_view& state);

} // namespace lode
