#include "tests/simapi/test/ws_client.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>

namespace simapi::test {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;

ws_client::ws_client(uint16_t port, const std::string& target, const std::string& bearer, bool deflate) {
  socket_.next_layer().connect({asio::ip::address_v4::loopback(), port});
  websocket::permessage_deflate options;
  options.client_enable = deflate;
  socket_.set_option(options);
  socket_.set_option(websocket::stream_base::decorator([bearer](websocket::request_type& asked) {
    if (!bearer.empty())
      asked.set(boost::beast::http::field::authorization, "Bearer " + bearer);
    asked.set(boost::beast::http::field::sec_websocket_protocol, "lode.v1");
  }));
  boost::system::error_code refused;
  socket_.handshake(answer_, "graph.test", target, refused);
}

void ws_client::send(const std::string& text) {
  socket_.write(asio::buffer(text));
}

void ws_client::ping() {
  socket_.ping("are you there");
}

ws_message ws_client::next() {
  boost::beast::flat_buffer buffer;
  ws_message result;
  socket_.read(buffer, result.error);
  result.is_text = socket_.got_text();
  result.text = {static_cast<const char*>(buffer.data().data()), buffer.size()};
  return result;
}

boost::json::value ws_client::read() {
  auto got = next();
  EXPECT_FALSE(got.error) << got.error.message();
  boost::system::error_code error;
  auto parsed = boost::json::parse(got.text, error);
  EXPECT_FALSE(error) << got.text.substr(0, 300);
  return parsed;
}

bool ws_client::has_input() {
  pollfd waiting{socket_.next_layer().native_handle(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

void ws_client::send_close() {
  // A masked close frame with code 1000; Beast's own close() would wait for the answer.
  const unsigned char frame[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
  asio::write(socket_.next_layer(), asio::buffer(frame));
}

} // namespace simapi::test
