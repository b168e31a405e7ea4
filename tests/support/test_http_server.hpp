#pragma once

#include "tests/support/test_certificates.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace lode::test {

using server_request = boost::beast::http::request<boost::beast::http::string_body>;

/// The server's end of a connection, driven by a test's handler with blocking calls. Errors end the conversation
/// quietly: what the client makes of it is what the test looks at.
class server_connection {
public:
  server_connection(boost::asio::ip::tcp::socket socket, int number) : number(number), socket_(std::move(socket)) {}

  /// The next request, or nothing when the client has gone.
  std::optional<server_request> read_request();
  void write(std::string_view bytes);
  /// A whole response with its Content-Length. `headers` are lines with their "\r\n".
  void respond(int status, std::string_view body, std::string_view headers = {});
  /// False when the client does not accept the certificate.
  bool start_tls(const test_identity& identity);
  /// The name that the client asked for in its TLS greeting.
  std::string asked_name() const;
  /// Blocks until the client closes.
  void wait_for_close();
  void reset();
  /// Ends the stream in both directions; wakes a handler that is blocked in a call of this class.
  void close();

  /// Calls `use` with the stream under the conversation, TLS or not, for what goes beyond HTTP.
  template <class Use>
  auto with_stream(Use use) {
    return tls_ ? use(*tls_) : use(socket_);
  }

  const int number; ///< 1 for the server's first connection

private:
  std::mutex mutex_; // reset() pulls the descriptor from under a close()
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::beast::flat_buffer buffer_;
};

/// Listens on a free port of 127.0.0.1 and runs `handler` for each connection on a thread of its own; the connection
/// closes when the handler returns. The destructor closes all connections and waits for the handlers.
class test_http_server {
public:
  using handler = std::function<void(server_connection&)>;

  explicit test_http_server(handler serve);
  ~test_http_server();

  uint16_t port() const { return port_; }
  /// "127.0.0.1:port"
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(std::string_view target) const { return "http://" + address() + std::string{target}; }
  int connections() const { return count_; }

private:
  void accept_all();

  handler serve_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  uint16_t port_ = 0;
  std::atomic<int> count_ = 0;
  std::mutex mutex_;
  std::list<server_connection> open_;
  std::list<std::thread> threads_;
  bool is_stopping_ = false;
  std::thread acceptor_thread_;
};

} // namespace lode::test
