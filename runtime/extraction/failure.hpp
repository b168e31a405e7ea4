#pragma once

#include <caf/error.hpp>

#include <string>

#include "messages/error.hpp"
#include "runtime/expression/result.hpp"

namespace lode {

/// An error with its message. (Here, so that only one file needs the type ids.)
caf::error failed(errc code, std::string message);

/// A template of the source that cannot be evaluated: errc::bad_source naming `what`.
caf::error bad_template(std::string_view what, const expression::failure& why);

} // namespace lode
