#pragma once

namespace lode {

inline constexpr const char* version = LODE_VERSION;

} // namespace lode
