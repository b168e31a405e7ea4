#include "runtime/http/request_head.hpp"

#include "runtime/http/text.hpp"

#include <array>

namespace lode {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    auto lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void append_line(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

bool announces_length(const http_request& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

} // namespace

bool is_about_the_connection(std::string_view name) {
  constexpr std::array<std::string_view, 10> names{
    "host", "connection", "content-length", "transfer-encoding", "upgrade",
    "te", "trailer", "keep-alive", "proxy-connection", "proxy-authorization"};
  return std::any_of(names.begin(), names.end(), [&](auto known) { return equals_ignoring_case(name, known); });
}

std::string host_field(const http_url& url) {
  auto authority = authority_of(url);
  if (url.port == (url.scheme == "https" ? 443 : 80))
    authority.resize(authority.rfind(':'));
  return authority;
}

std::optional<http_error> check_request(const http_request& request, const http_url& url) {
  auto refused = [&](const std::string& what) {
    return http_error{http_failure::invalid_request, "request to " + authority_of(url) + " not sent: " + what};
  };
  if (!is_token(request.method) || request.method == "CONNECT")
    return refused("the method is not one that HTTP allows here");
  for (auto& header : request.headers) {
    if (!is_token(header.name))
      return refused("a header's name is empty or has letters that HTTP does not allow");
    if (!is_header_value(header.value))
      return refused("the value of header " + header.name + " contains a line break or a zero byte");
  }
  return std::nullopt;
}

std::string write_head(const http_request& request, const http_url& url, const http_route& route,
                       const std::string& user_agent) {
  std::string head;
  head.reserve(512);
  auto through_proxy = route.kind == http_route::form::proxy_request;
  head.append(request.method).append(" ");
  head.append(through_proxy ? to_string(url) : url.target).append(" HTTP/1.1\r\n");
  append_line(head, "Host", host_field(url));
  for (auto& header : request.headers)
    if (!is_about_the_connection(header.name))
      append_line(head, header.name, header.value);
  if (find_header(request.headers, "User-Agent") == nullptr)
    append_line(head, "User-Agent", user_agent);
  if (find_header(request.headers, "Accept") == nullptr)
    append_line(head, "Accept", "*/*");
  if (find_header(request.headers, "Accept-Encoding") == nullptr)
    append_line(head, "Accept-Encoding", "gzip, deflate");
  if (announces_length(request))
    append_line(head, "Content-Length", std::to_string(request.body.size()));
  if (through_proxy && !route.proxy_authorization.empty())
    append_line(head, "Proxy-Authorization", route.proxy_authorization);
  head.append("\r\n");
  return head;
}

std::string write_connect(const http_url& url, const http_route& route) {
  auto authority = authority_of(url);
  auto head = "CONNECT " + authority + " HTTP/1.1\r\n";
  append_line(head, "Host", authority);
  if (!route.proxy_authorization.empty())
    append_line(head, "Proxy-Authorization", route.proxy_authorization);
  return head + "\r\n";
}

bool is_idempotent(const std::string& method) {
  constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

} // namespace lode
