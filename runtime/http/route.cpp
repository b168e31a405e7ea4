#include "runtime/http/route.hpp"

#include "runtime/base64.hpp"
#include "runtime/http/text.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>

namespace lode {

namespace {

http_error bad_setting(const std::string& key, const std::string& what) {
  return {http_failure::invalid_request, "http setting " + key + ": " + what};
}

/// Moves "user:password@" out of a URL.
std::string cut_user_info(std::string& url) {
  auto start = url.find("://");
  auto end = url.find('@');
  if (start == std::string::npos || end == std::string::npos || end < start + 3)
    return {};
  auto info = url.substr(start + 3, end - start - 3);
  url.erase(start + 3, end - start - 2);
  return info;
}

bool is_address(const std::string& text) {
  boost::system::error_code failure;
  boost::asio::ip::make_address(text, failure);
  return !failure;
}

} // namespace

std::variant<std::optional<route_table::proxy>, http_error> route_table::read_proxy(const std::string& key,
                                                                                    const std::string& text) {
  if (text.empty())
    return std::optional<proxy>{};
  auto plain = text;
  auto user_info = cut_user_info(plain);
  auto parsed = parse_http_url(plain);
  auto url = std::get_if<http_url>(&parsed);
  if (url == nullptr || url->scheme != "http" || url->target != "/")
    return bad_setting(key, "expected http://[user:password@]host:port");
  return std::optional{proxy{*url, user_info.empty() ? "" : "Basic " + base64_encode(unquote(user_info))}};
}

std::variant<route_table::peer, http_error> route_table::read_peer(const std::string& name, const std::string& text) {
  auto bad = bad_setting("resolve." + name, "expected address[:port] (IPv6 with port in brackets), found '" + text + "'");
  if (is_address(text))
    return peer{text, 0};
  auto colon = text.rfind(':');
  if (colon == std::string::npos)
    return bad;
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  uint16_t port = 0;
  auto [end, failure] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  if (!is_address(address) || failure != std::errc{} || end != text.data() + text.size() || port == 0)
    return bad;
  return peer{address, port};
}

std::variant<route_table, http_error> route_table::read(const http_client_settings& settings) {
  route_table result;
  auto plain = read_proxy("http_proxy", settings.http_proxy);
  auto secure = read_proxy("https_proxy", settings.https_proxy);
  for (auto one : {&plain, &secure})
    if (auto error = std::get_if<http_error>(one))
      return *error;
  result.http_proxy_ = std::get<0>(plain);
  result.https_proxy_ = std::get<0>(secure);
  for (auto& name : settings.no_proxy)
    result.no_proxy_.push_back(to_lower(name));
  for (auto& [name, text] : settings.resolve) {
    auto found = read_peer(name, text);
    if (auto error = std::get_if<http_error>(&found))
      return *error;
    result.resolve_.emplace(to_lower(name), std::get<peer>(found));
  }
  return result;
}

bool route_table::goes_without_proxy(const http_url& url) const {
  auto matches = [&](const std::string& name) {
    return name == "*" || name == url.host || name == authority_of(url)
           || (name.starts_with('.') && (url.host.ends_with(name) || url.host == name.substr(1)));
  };
  return std::any_of(no_proxy_.begin(), no_proxy_.end(), matches);
}

void route_table::apply_resolve(http_route& route) const {
  if (resolve_.empty())
    return;
  auto found = resolve_.find(route.host + ":" + std::to_string(route.port));
  if (found == resolve_.end())
    found = resolve_.find(route.host);
  for (auto dot = route.host.find('.'); found == resolve_.end() && dot != std::string::npos;
       dot = route.host.find('.', dot + 1))
    found = resolve_.find("*" + route.host.substr(dot));
  if (found == resolve_.end())
    return;
  route.address = found->second.address;
  if (found->second.port != 0)
    route.port = found->second.port;
}

http_route route_table::route_to(const http_url& url) const {
  http_route route{.kind = http_route::form::direct, .host = url.host, .port = url.port, .address = {},
                   .proxy_authorization = {}};
  auto& through = url.scheme == "https" ? https_proxy_ : http_proxy_;
  if (through && !goes_without_proxy(url)) {
    route.kind = url.scheme == "https" ? http_route::form::proxy_tunnel : http_route::form::proxy_request;
    route.host = through->url.host;
    route.port = through->url.port;
    route.proxy_authorization = through->authorization;
  }
  apply_resolve(route);
  return route;
}

} // namespace lode
