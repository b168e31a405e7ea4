#pragma once

#include <caf/expected.hpp>

#include <string>

#include "runtime/expression/value.hpp"

namespace lode {

/// A connection's configuration with its secrets laid over it, as templates read it. Both are JSON objects or "".
/// Fails with errc::bad_source.
caf::expected<expression::value> connection_config(const std::string& configuration, const std::string& secrets);

} // namespace lode
