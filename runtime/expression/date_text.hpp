#pragma once

#include <string>
#include <string_view>

namespace lode::expression {

/// A text that was to be a date or a duration, for a message: in quotes when it looks like one, else only its length.
/// What stands where a date was expected may be a secret. Internal to this folder.
std::string shown_date(std::string_view text);

} // namespace lode::expression
