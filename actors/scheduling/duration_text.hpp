#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lode {

/// Reads "90s", "15m", "1h30m", "250ms", "7d": units from large to small, each once. Nothing for any other text and for
/// more than 366 days.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration() reads as the same span.
std::string duration_text(std::chrono::milliseconds span);

} // namespace lode
