#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/terminal/top_view.hpp"

namespace lode {

enum class key : unsigned char { none, quit, stop, worst, lateness, name, rate, up, down, page_up, page_down, home, end };

/// The keys of what a terminal sent in one piece; what is not known is passed over, with the rest of its sequence.
std::vector<key> keys_of(std::string_view bytes);

/// Where a key leads among `count` connections of which `on_show` are seen at once.
size_t scrolled(size_t first, key pressed, size_t on_show, size_t count);

/// The order that a key asks for, else the present one.
connection_order order_of(key pressed, connection_order present);

} // namespace lode
