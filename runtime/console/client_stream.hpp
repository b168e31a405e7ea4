#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <memory>
#include <utility>

#include "runtime/console/live_socket.hpp"

namespace lode {

/// A connection with a client, plain or under TLS; on the I/O thread. Whatever waits does so until the time that was last set at
/// `tcp()`; when that is over the socket is closed.
class client_stream {
public:
  using error_code = boost::system::error_code;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  virtual ~client_stream() = default;

  virtual awaitable<error_code> handshake() = 0;
  virtual awaitable<std::pair<error_code, size_t>> read_some(boost::asio::mutable_buffer space) = 0;
  virtual awaitable<error_code> write(boost::asio::const_buffer bytes) = 0;
  /// Goes on as a WebSocket to its end.
  virtual awaitable<void> converse_live(live_handshake handshake, live_socket_parts parts) = 0;
  /// Nothing more will be sent.
  virtual awaitable<void> end() = 0;
  virtual bool is_secure() const noexcept = 0;
  virtual boost::beast::tcp_stream& tcp() noexcept = 0;
};

/// `tls` null: plain. It outlives the stream.
std::unique_ptr<client_stream> make_client_stream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);

} // namespace lode
