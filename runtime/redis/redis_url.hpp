#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace lode {

/// Where Redis is and how to get in.
struct redis_address {
  std::string host;        ///< empty when `socket` is set; an IPv6 address without its brackets
  uint16_t port = 6379;
  std::string socket;      ///< path of a Unix socket
  bool is_tls = false;
  std::string user;        ///< of an ACL; empty = the default user
  std::string password;
  uint32_t database = 0;
};

/// Reads `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, the same with `rediss://` for TLS, or
/// `unix://[[USER]:PASSWORD@]/PATH[?db=DATABASE]`; user, password and path percent-encoded. Else says what is wrong, without
/// showing the password.
std::variant<redis_address, std::string> parse_redis_url(std::string_view text);

/// For people: scheme, place and database; no password.
std::string to_string(const redis_address& address);

} // namespace lode
