#pragma once

#include "runtime/console/console_services.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// What the console tells of a manifest: loaded as the node would, not kept.
manifest_summary inspect_manifest(const std::string& name, const std::string& text);

/// The plan to mine by; errc::bad_source with all that is wrong with the manifest.
caf::expected<source_plan_pointer> load_plan(const source_row& source);

} // namespace lode
