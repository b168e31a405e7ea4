#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

#include <string>

namespace simapi::test {

/// What a WebSocket brought, or how it ended.
struct ws_message {
  boost::system::error_code error;
  bool is_text = false;
  std::string text;

  bool is_there() const { return !error; }
};

/// One blocking WebSocket to a loopback port. Reading waits for as long as it takes; ctest ends what hangs.
class ws_client {
public:
  ws_client(uint16_t port, const std::string& target, const std::string& bearer = {}, bool deflate = false);

  /// Of the handshake; 101 if it succeeded.
  int status() const { return static_cast<int>(answer_.result_int()); }
  const boost::beast::websocket::response_type& answer() const { return answer_; }

  void limit(size_t bytes) { socket_.read_message_max(bytes); }
  void send(const std::string& text);
  void ping();
  ws_message next();

  /// The next message, which has to be a JSON text.
  boost::json::value read();

  /// Whether bytes (or the end) are waiting to be read right now.
  bool has_input();

  /// Sends a close frame and waits for nothing.
  void send_close();

private:
  boost::asio::io_context io_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket_{io_};
  boost::beast::websocket::response_type answer_;
};

} // namespace simapi::test
