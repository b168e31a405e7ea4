#pragma once

#include <string>
#include <string_view>

namespace audit {

/// Where two canonical texts differ first, as a person reads it: `price: store 1.1, truth 1.10`. "" when they are equal.
std::string first_difference(std::string_view store, std::string_view truth);

} // namespace audit
