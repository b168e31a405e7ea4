#pragma once

#include <string>
#include <string_view>

namespace lode {

/// Names a random secret without telling it: 32 hexadecimal digits, equal for equal secrets. Not for what can be guessed.
std::string fingerprint(std::string_view secret);

} // namespace lode
