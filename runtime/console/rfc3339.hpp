#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "messages/storage.hpp"

namespace lode {

/// 2026-01-31T08:15:00Z, with six decimals when they are not all zero.
std::string format_time(instant time);

/// The same form; any number of decimals up to six, "Z" or an offset such as +02:00.
std::optional<instant> parse_time(std::string_view text);

} // namespace lode
