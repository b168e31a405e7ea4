#pragma once

#include "runtime/http/http_client.hpp"
#include "runtime/http/url.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lode {

/// Where to connect for a URL, and what to say there.
struct http_route {
  enum class form : std::uint8_t {
    direct,
    proxy_request, ///< plain http: the proxy gets the absolute URL
    proxy_tunnel,  ///< https: CONNECT, then TLS with the origin through the tunnel
  };
  form kind = form::direct;
  std::string host; ///< of the peer: the origin or the proxy
  std::uint16_t port = 0;
  std::string address;             ///< numeric, from the `resolve` setting; empty: ask the system's resolver
  std::string proxy_authorization; ///< a secret
};

/// Proxies and the `resolve` map, read once.
class route_table {
public:
  static std::variant<route_table, http_error> read(const http_client_settings& settings);

  http_route route_to(const http_url& url) const;

private:
  struct proxy {
    http_url url;
    std::string authorization;
  };
  struct peer {
    std::string address;
    std::uint16_t port; // 0: as in the URL
  };

  static std::variant<std::optional<proxy>, http_error> read_proxy(const std::string& key, const std::string& text);
  static std::variant<peer, http_error> read_peer(const std::string& name, const std::string& text);
  bool goes_without_proxy(const http_url& url) const;
  void apply_resolve(http_route& route) const;

  std::optional<proxy> http_proxy_, https_proxy_;
  std::vector<std::string> no_proxy_;
  std::map<std::string, peer, std::less<>> resolve_;
};

} // namespace lode
