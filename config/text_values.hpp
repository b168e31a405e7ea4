#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/units.hpp"

/// How values of settings look as text.
namespace lode::setting_text {

/// A number and a unit: ms, s, m, h or d ("250ms", "1.5h", "0s"). Nothing without a unit, except 0.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// In the largest unit that is exact.
std::string format_duration(std::chrono::milliseconds value);

/// A whole number and B, KiB, MiB or GiB, with or without a space; a bare number is bytes.
std::optional<byte_count> parse_bytes(std::string_view text);
std::string format_bytes(byte_count value);

std::optional<uint32_t> parse_count(std::string_view text);

/// Of `candidates` the one that `name` was probably meant to be, or "" when none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

} // namespace lode::setting_text
