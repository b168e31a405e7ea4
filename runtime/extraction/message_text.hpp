#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/value.hpp"

namespace lode {

/// A text of an API made fit for people and logs: one line, without control characters, without secrets (texts of the
/// configuration, what redact() takes out, long runs that look like a token), at most 500 bytes.
std::string made_safe(std::string text, const expression::value& config);

} // namespace lode
