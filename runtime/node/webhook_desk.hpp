#pragma once

#include <memory>

#include "runtime/console/webhook_desk.hpp"
#include "runtime/manifest/manifest_setup.hpp"

namespace lode {

/// The desk over a catalog of its own, for plans that are loaded with this setup. Keeps the plans of sources that were asked for, as long as
/// their manifests stay the same.
std::shared_ptr<webhook_desk> make_webhook_desk(std::unique_ptr<catalog_store> catalog, manifest_setup setup);

} // namespace lode
