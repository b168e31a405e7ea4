#include "runtime/websocket/upgrade.hpp"

#include "runtime/http/request_head.hpp"
#include "runtime/http/text.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>

namespace lode {

namespace http = boost::beast::http;

namespace {

constexpr size_t max_head_bytes = 64 << 10;

std::string offered_subprotocols(const websocket_request& request) {
  std::string list;
  for (auto& name : request.subprotocols)
    list.append(list.empty() ? "" : ", ").append(name);
  return list;
}

bool is_ours(std::string_view name) {
  return is_about_the_connection(name) || to_lower(name).starts_with("sec-websocket-");
}

} // namespace

std::variant<http_url, http_error> parse_websocket_url(std::string_view text) {
  auto colon = std::min(text.find(':'), text.size());
  auto scheme = to_lower(text.substr(0, colon));
  if (scheme != "ws" && scheme != "wss")
    return parse_http_url(text);
  return parse_http_url(std::string{scheme == "ws" ? "http" : "https"}.append(text.substr(colon)));
}

std::optional<http_error> check_upgrade(const websocket_request& request, const http_url& url) {
  http_request plain;
  plain.headers = request.headers;
  plain.headers.push_back({"Sec-WebSocket-Protocol", offered_subprotocols(request)});
  return check_request(plain, url);
}

std::vector<http_header> upgrade_headers(const websocket_request& request, const std::string& user_agent) {
  std::vector<http_header> headers;
  for (auto& header : request.headers)
    if (!is_ours(header.name))
      headers.push_back(header);
  if (find_header(headers, "User-Agent") == nullptr)
    headers.push_back({"User-Agent", user_agent});
  if (!request.subprotocols.empty())
    headers.push_back({"Sec-WebSocket-Protocol", offered_subprotocols(request)});
  return headers;
}

bool upgrade_answer::add(std::string_view bytes) {
  if (is_complete())
    return true;
  head_.append(bytes);
  auto end = head_.find("\r\n\r\n");
  if (end == std::string::npos)
    return head_.size() <= max_head_bytes;
  http::response_parser<http::empty_body> parser;
  parser.header_limit(max_head_bytes);
  boost::system::error_code failure;
  parser.put(boost::asio::buffer(head_.data(), end + 4), failure);
  if (failure || !parser.is_header_done())
    return false;
  for (auto& field : parser.get())
    headers_.push_back({std::string{field.name_string()}, std::string{field.value()}});
  status_ = static_cast<int>(parser.get().result_int());
  head_ = {};
  return true;
}

std::optional<std::string> check_choice(const websocket_request& asked, const std::vector<http_header>& answered) {
  if (auto chosen = find_header(answered, "Sec-WebSocket-Protocol"))
    if (std::find(asked.subprotocols.begin(), asked.subprotocols.end(), *chosen) == asked.subprotocols.end())
      return "the server chose a subprotocol that was not offered";
  if (auto extensions = find_header(answered, "Sec-WebSocket-Extensions"))
    if (!asked.permessage_deflate || !to_lower(*extensions).starts_with("permessage-deflate"))
      return "the server chose an extension that was not offered";
  return std::nullopt;
}

} // namespace lode
