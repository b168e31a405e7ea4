#pragma once

#include "tests/support/test_http_server.hpp"

#include <boost/beast/websocket/stream.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lode::test {

/// The stream of a connection as Beast's next layer. Beast closes a socket at the end of a conversation; here that is the
/// connection's business, which another thread may be ending.
template <class Stream>
struct peer_layer {
  Stream& stream;
  server_connection& connection;

  auto get_executor() { return stream.get_executor(); }
  template <class Buffers>
  std::size_t read_some(const Buffers& space, boost::system::error_code& failure) {
    return stream.read_some(space, failure);
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& space) {
    return stream.read_some(space);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& bytes, boost::system::error_code& failure) {
    return stream.write_some(bytes, failure);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& bytes) {
    return stream.write_some(bytes);
  }

  friend void teardown(boost::beast::role_type, peer_layer& layer, boost::system::error_code& failure) {
    layer.connection.close();
    failure = {};
  }
};

/// The server's end of a WebSocket. Blocking calls; an error ends the conversation quietly, as in server_connection.
class websocket_peer {
public:
  using answer = boost::beast::websocket::response_type;

  explicit websocket_peer(server_connection& connection);

  bool deflates = false; ///< before accept()

  /// Reads the upgrade and agrees to it.
  bool accept(const std::function<void(const server_request&, answer&)>& decorate = {});
  /// The same for an upgrade that was read already.
  bool accept(const server_request& upgrade, const std::function<void(const server_request&, answer&)>& decorate = {});

  bool send(std::string_view message, bool as_text = true);
  /// One frame of a message in several.
  bool send_part(std::string_view part, bool is_last);
  bool ping();
  /// Frames by hand: whatever is not allowed.
  void write(std::string_view bytes) { connection_.write(bytes); }
  /// The next message; pings are answered meanwhile. Nothing when the conversation is over.
  std::optional<std::string> receive();
  /// Reads until the conversation is over.
  void receive_all() {
    while (receive())
      continue;
  }
  bool close(uint16_t code, std::string_view reason = {});
  boost::beast::websocket::close_reason reason();

  /// Called for each ping, pong and close frame that comes, while something is received.
  std::function<void(boost::beast::websocket::frame_type)> on_control;

  server_connection& connection() { return connection_; }

private:
  template <class Stream>
  using stream_over = boost::beast::websocket::stream<peer_layer<Stream>>;
  using plain_socket = boost::asio::ip::tcp::socket;
  using tls_socket = boost::asio::ssl::stream<plain_socket&>;

  template <class Use>
  auto with_stream(Use use) {
    return tls_ ? use(*tls_) : use(*plain_);
  }

  server_connection& connection_;
  std::optional<stream_over<plain_socket>> plain_;
  std::optional<stream_over<tls_socket>> tls_;
};

} // namespace lode::test
