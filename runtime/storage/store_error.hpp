#pragma once

#include <caf/error.hpp>

#include <string>

#include "messages/error.hpp"

namespace lode {

/// An error with its context. Here so that storage code need not include the block of all message types.
caf::error store_error(errc code, std::string message);

/// The code of an error made by store_error; errc::internal for any other one, errc::none for none.
errc code_of(const caf::error& error);

} // namespace lode
