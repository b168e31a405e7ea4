#pragma once

#include <caf/error.hpp>

#include <string>

namespace lode {

/// Why a connection is suspended, as it is stored and shown. What is wrong with a configuration or a source says with what
/// command it is put right: `lode why` tells by that whether credentials help (runtime/console/why.cpp).
std::string suspension_reason(const caf::error& why);

} // namespace lode
