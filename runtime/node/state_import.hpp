#pragma once

#include <caf/expected.hpp>

#include <string>
#include <vector>

#include "runtime/extraction/imported_cursor.hpp"
#include "runtime/manifest/manifest_setup.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/catalog_store.hpp"

namespace lode {

/// The cursors that an Airbyte STATE (its text) stands for in this connection, read by the source's plan and the
/// connection's configuration as a run would read them. errc::bad_argument names what cannot be taken over.
caf::expected<std::vector<imported_cursor>> import_airbyte_state(const connection_row& connection,
                                                                 const source_row& source, const manifest_setup& setup,
                                                                 const sealer& seal, const std::string& text);

} // namespace lode
