#include "runtime/redis/redis_url.hpp"

#include <charconv>
#include <optional>

#include "runtime/http/url.hpp"

namespace lode {

namespace {

constexpr std::string_view forms =
  "expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], rediss://... for TLS, or unix:///PATH[?db=DATABASE]";

template <class Number>
bool read_number(std::string_view text, Number& out) {
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size();
}

/// Cuts `text` before `mark` and returns what stands behind it; nothing when it is not there.
std::optional<std::string_view> cut_behind(std::string_view& text, char mark) {
  auto at = text.find(mark);
  if (at == std::string_view::npos)
    return std::nullopt;
  auto rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

/// USER:PASSWORD@, decoded; the last @ ends it, as passwords that nobody encoded hold one.
void take_credentials(std::string_view& rest, redis_address& out) {
  auto at = rest.substr(0, rest.find('/')).rfind('@');
  if (at == std::string_view::npos)
    return;
  auto user = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  if (auto password = cut_behind(user, ':'))
    out.password = unquote(*password);
  out.user = unquote(user);
}

std::string take_place(std::string_view rest, redis_address& out) {
  if (auto database = cut_behind(rest, '/'); database && !database->empty() && !read_number(*database, out.database))
    return "the database '" + std::string{*database} + "' is no number";
  auto port = rest.starts_with('[') ? rest.find("]:") : rest.rfind(':');
  if (port != std::string_view::npos) {
    auto digits = rest.substr(rest.find(':', port) + 1);
    if (!read_number(digits, out.port) || out.port == 0)
      return "the port '" + std::string{digits} + "' is no number from 1 to 65535";
    rest = rest.substr(0, rest.starts_with('[') ? port + 1 : port);
  }
  if (rest.starts_with('[') && rest.ends_with(']'))
    rest = rest.substr(1, rest.size() - 2);
  out.host = rest;
  return rest.empty() ? "there is no host" : "";
}

std::string take_socket(std::string_view rest, redis_address& out) {
  if (auto query = cut_behind(rest, '?'))
    if (!query->starts_with("db=") || !read_number(query->substr(3), out.database))
      return "'?" + std::string{*query} + "' is not ?db=DATABASE";
  out.socket = unquote(rest);
  return out.socket.starts_with('/') ? "" : "the path of a Unix socket begins with /";
}

} // namespace

std::variant<redis_address, std::string> parse_redis_url(std::string_view text) {
  redis_address out;
  auto scheme = text.substr(0, text.find("://"));
  if (scheme != "redis" && scheme != "rediss" && scheme != "unix")
    return "the address of Redis begins with '" + std::string{scheme.substr(0, 12)} + "'; " + std::string{forms};
  auto rest = text.substr(scheme.size() + 3);
  out.is_tls = scheme == "rediss";
  take_credentials(rest, out);
  auto wrong = scheme == "unix" ? take_socket(rest, out) : take_place(rest, out);
  if (!wrong.empty())
    return "the address of Redis: " + wrong + "; " + std::string{forms};
  return out;
}

std::string to_string(const redis_address& address) {
  auto database = address.database == 0 ? std::string{} : std::to_string(address.database);
  if (!address.socket.empty())
    return "unix://" + address.socket + (database.empty() ? "" : "?db=" + database);
  auto is_v6 = address.host.find(':') != std::string::npos;
  return (address.is_tls ? "rediss://" : "redis://") + (is_v6 ? "[" + address.host + "]" : address.host) + ":"
         + std::to_string(address.port) + (database.empty() ? "" : "/" + database);
}

} // namespace lode
