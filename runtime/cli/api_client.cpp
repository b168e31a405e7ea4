#include "runtime/cli/api_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <memory>

namespace lode {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

api_client::api_client(std::string address, std::string token) : address_(std::move(address)), token_(std::move(token)) {
  if (!address_.starts_with("http://"))
    address_ = "http://" + address_;
  while (address_.ends_with('/'))
    address_.pop_back();
  auto rest = address_.substr(7);
  auto colon = rest.rfind(':');
  host_ = rest.substr(0, colon);
  port_ = colon == std::string::npos ? "80" : rest.substr(colon + 1);
  if (host_.starts_with('[') && host_.ends_with(']'))
    host_ = host_.substr(1, host_.size() - 2);
}

namespace {

/// Reads the body after its head, handing on what has arrived.
void read_body(asio::ip::tcp::socket& socket, beast::flat_buffer& buffer, http::response_parser<http::buffer_body>& parser,
               const api_client::sink& into, beast::error_code& failed) {
  std::array<char, 64 * 1024> piece;
  while (!parser.is_done() && !failed) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    http::read(socket, buffer, parser, failed);
    if (failed == http::error::need_buffer)
      failed = {};
    into({piece.data(), piece.size() - body.size});
  }
}

} // namespace

api_reply api_client::call(const std::string& method, const std::string& path, const std::string& body,
                                   const std::string& content_type, const sink& into) const {
  api_reply out;
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  asio::ip::tcp::resolver resolver{io};
  beast::error_code failed;
  auto found = resolver.resolve(host_, port_, failed);
  if (!failed)
    asio::connect(socket, found, failed);
  http::request<http::string_body> request{http::string_to_verb(method), path, 11};
  request.set(http::field::host, address_.substr(7));
  request.set(http::field::user_agent, "lode");
  request.set(http::field::connection, "close");
  if (!token_.empty())
    request.set(http::field::authorization, "Bearer " + token_);
  if (!body.empty())
    request.set(http::field::content_type, content_type);
  request.body() = body;
  request.prepare_payload();
  if (!failed)
    http::write(socket, request, failed);
  // A server that refuses a long body answers and closes before it has read it all: look for that answer.
  auto write_failed = failed;
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  if (socket.is_open() && (!failed || failed == asio::error::broken_pipe || failed == asio::error::connection_reset)) {
    failed = {};
    http::read_header(socket, buffer, parser, failed);
  }
  if (failed) {
    out.body = (write_failed ? write_failed : failed).message();
    return out;
  }
  out.status = parser.get().result_int();
  auto keep = [&](std::string_view piece) { out.body += piece; };
  read_body(socket, buffer, parser, into && out.status == 200 ? into : sink{keep}, failed);
  out.is_complete = !failed;
  return out;
}

} // namespace lode
