#include "tests/simapi/control.hpp"
#include "tests/simapi/conversation.hpp"
#include "tests/simapi/live/control_waits.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace simapi {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::string head_of(const control_reply& reply) {
  auto head = "HTTP/1.1 " + std::to_string(reply.status) + " -\r\nServer: simapi-control\r\nContent-Type: " + reply.content_type
              + "\r\n" + reply.headers;
  return head + (reply.more ? "Transfer-Encoding: chunked" : "Content-Length: " + std::to_string(reply.body.size())) + "\r\n\r\n";
}

std::string chunk_of(const std::string& piece) {
  constexpr const char* digits = "0123456789abcdef";
  std::string size;
  for (auto rest = piece.size(); rest > 0; rest >>= 4)
    size.insert(size.begin(), digits[rest & 15]);
  return (size.empty() ? "0" : size) + "\r\n" + piece + "\r\n";
}

asio::awaitable<bool> send(tcp_socket& socket, const control_reply& reply) {
  auto text = head_of(reply) + reply.body;
  auto [error, count] = co_await asio::async_write(socket, asio::buffer(text), quietly);
  if (error || !reply.more)
    co_return !error;
  for (bool goes_on = true; goes_on;) {
    std::string piece;
    goes_on = reply.more(piece);
    text = chunk_of(piece);
    auto [failed, sent] = co_await asio::async_write(socket, asio::buffer(text), quietly);
    if (failed)
      co_return false;
  }
  co_return true;
}

} // namespace

asio::awaitable<void> converse_control(tcp_socket socket, simulation& sim) {
  boost::beast::flat_buffer buffer;
  for (bool goes_on = true; goes_on;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(64 << 20);
    auto [error, count] = co_await http::async_read(socket, buffer, parser, quietly);
    if (error)
      co_return;
    const auto& asked = parser.get();
    bool is_post = asked.method() == http::verb::post;
    std::string target{asked.target()};
    auto refused = co_await wait_before_control(sim, is_post, target, asked.body());
    auto reply = refused ? std::move(*refused) : answer_control(sim, is_post, target, asked.body());
    goes_on = co_await send(socket, reply) && asked.keep_alive();
  }
  boost::system::error_code ignored;
  socket.shutdown(asio::socket_base::shutdown_both, ignored);
}

} // namespace simapi
