#pragma once

#include <caf/error.hpp>

#include <string>

#include "runtime/console/console_services.hpp"
#include "runtime/manifest/connection_check.hpp"

namespace lode {

/// Whether a connection's `configuration` and `secrets` (JSON objects or "") are what its source wants: the `spec`, and no secret
/// in the configuration, where it would be stored and shown in clear. errc::bad_argument with all mistakes; never a secret's value.
caf::error check_given(const manifest_summary& manifest, const std::string& configuration, const std::string& secrets, given_part given);

} // namespace lode
