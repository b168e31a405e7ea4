#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// The marks of a page as the store keeps them: 8 bytes each.
std::string pack_marks(std::span<const uint64_t> marks);

/// Appends what pack_marks() packed.
void unpack_marks(std::string_view packed, std::vector<uint64_t>& out);

} // namespace lode
