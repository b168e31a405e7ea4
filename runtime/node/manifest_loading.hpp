#pragma once

#include <caf/expected.hpp>

#include "config/settings.hpp"
#include "runtime/manifest/manifest_setup.hpp"
#include "runtime/node/extensions.hpp"
#include "runtime/storage/catalog_store.hpp"

namespace lode {

/// What this node's manifests are read with. `known` must outlive it.
manifest_setup manifest_setup_of(const mining_settings& mining, const extensions& known);

/// The plan of a stored source; errc::bad_source with all that is wrong when it cannot be executed here.
caf::expected<source_plan_pointer> load_plan(const source_row& source, const manifest_setup& setup);

} // namespace lode
