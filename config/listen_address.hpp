#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lode {

/// Where a server listens. Only addresses, no names: what a name resolves to is nobody's promise.
struct listen_address {
  std::string host;
  uint16_t port = 0;
  bool is_loopback = false;
};

/// "127.0.0.1:7788", "[::1]:0", "localhost:80" (taken as 127.0.0.1); nothing for anything else.
std::optional<listen_address> parse_listen_address(std::string_view text);

} // namespace lode
