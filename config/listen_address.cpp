#include "config/listen_address.hpp"

#include <arpa/inet.h>

#include "config/text_values.hpp"

namespace lode {

using namespace setting_text;

std::optional<listen_address> parse_listen_address(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto port = parse_count(text.substr(colon + 1));
  if (!port || *port > 65'535)
    return std::nullopt;
  std::string host{text.substr(0, colon)};
  if (host == "localhost")
    host = "127.0.0.1";
  auto result = listen_address{host, static_cast<uint16_t>(*port), false};
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    result.is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    result.host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, result.host.c_str(), &v6) != 1)
      return std::nullopt;
    result.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
  } else {
    return std::nullopt;
  }
  return result;
}

} // namespace lode
