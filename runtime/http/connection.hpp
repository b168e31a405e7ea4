#pragma once

#include "runtime/http/http_client.hpp"
#include "runtime/http/route.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace lode {

/// A TCP or TLS connection with one deadline. When the deadline passes, the socket closes, and whatever was under way
/// ends with an error; has_expired() then says why. Lives on one I/O thread; only owners and the running operation
/// keep it alive.
class connection {
public:
  using clock = std::chrono::steady_clock;
  using error_code = boost::system::error_code;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  explicit connection(boost::asio::io_context& io) : socket_(io), watchdog_(io) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Starts the watch over the deadline. `on_expiry` is told once, after the socket has closed.
  static void watch(const std::shared_ptr<connection>& self, clock::time_point deadline,
                    std::function<void(const std::shared_ptr<connection>&)> on_expiry);

  /// Moves the deadline. Moving it back costs a store: the timer is only touched if it would come too late.
  void set_deadline(clock::time_point deadline);

  /// Tries the addresses in turn.
  awaitable<error_code> connect(std::span<const boost::asio::ip::tcp::endpoint> addresses);

  /// Verifies the peer's certificate against `host`. The text says what is wrong; empty is success.
  awaitable<std::string> handshake(boost::asio::ssl::context& context, const std::string& host);

  awaitable<error_code> write(std::string_view head, std::string_view body);

  /// Reads at least one byte; the number of bytes, or 0 and the error.
  awaitable<size_t> read(boost::asio::mutable_buffer space, error_code& failure);

  /// Between requests nothing may arrive: an end of stream or stray bytes make a kept connection useless.
  bool is_silent();

  void close();
  bool is_closed() const { return closed_; }
  bool has_expired() const { return expired_; }

  std::string host;   ///< its place in the connection table
  std::string origin;

private:
  static void arm(const std::shared_ptr<connection>& self);

  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::asio::steady_timer watchdog_;
  std::function<void(const std::shared_ptr<connection>&)> on_expiry_;
  std::weak_ptr<connection> self_;
  clock::time_point deadline_;
  clock::time_point armed_for_;
  bool closed_ = false;
  bool expired_ = false;
};

} // namespace lode
