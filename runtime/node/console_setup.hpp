#pragma once

#include <functional>
#include <memory>

#include "runtime/console/console_services.hpp"
#include "runtime/node/extensions.hpp"
#include "runtime/security/sealer.hpp"
#include "runtime/storage/postgres/connection.hpp"

/// What the console and the housekeeper of a node work with. Their sessions are the process's, not one life's: who declares a
/// life gone does not end them.
namespace lode {

struct settings;

console_services make_console(const settings& config, const extensions& known, const postgres_settings& postgres,
                              const sealer& seal, std::shared_ptr<node_control> control);
/// Makes the SQL views that are missing, by a session of its own.
std::function<void()> view_mender(const settings& config, const extensions& known, const postgres_settings& postgres);

} // namespace lode
