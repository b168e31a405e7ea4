#pragma once

#include "tests/simapi/world.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace simapi {

/// Where a listing goes on. Clients see it as opaque text.
struct page_token {
  order_key after{};    // the last record that was shown
  uint32_t pages = 0;   // pages read so far
  uint32_t results = 0; // records read so far
  int64_t issued_at = 0;
  int64_t lower = 0, upper = 0; // the window of the search, for dialects whose token carries it

  bool operator==(const page_token&) const = default;
};

/// `scope` binds the token to one listing: a token of another tenant, stream or parent is refused.
std::string encode(const page_token& token, uint64_t scope);
std::optional<page_token> decode(std::string_view text, uint64_t scope);

} // namespace simapi
