#pragma once

#include "runtime/console/console_services.hpp"
#include "runtime/manifest/manifest_setup.hpp"

namespace lode {

/// What the console tells of a manifest: loaded as the node would, not kept.
manifest_summary inspect_manifest(const std::string& name, const std::string& text, const manifest_setup& setup);

} // namespace lode
