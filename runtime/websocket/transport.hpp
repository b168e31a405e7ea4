#pragma once

#include "runtime/websocket/tls_session.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lode {

/// Whoever owns a transport.
class transport_owner {
public:
  /// `bytes` are handed out; `count` have arrived, with those that are kept. False: what follows is of no interest, as if
  /// the peer had ended the stream.
  virtual bool heard(std::string_view bytes, std::size_t count) = 0;
  /// All that has arrived is handed out; the reading waits for more.
  virtual void about_to_wait() = 0;

protected:
  ~transport_owner() = default;
};

/// TCP or TLS as Beast's WebSocket wants its next layer, without a buffer of its own while nothing comes. Lives on one
/// I/O thread.
class transport {
public:
  using executor_type = boost::asio::io_context::executor_type;
  using error_code = boost::system::error_code;
  using endpoint = boost::asio::ip::tcp::endpoint;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  /// `scratch` is shared with the other transports of the thread.
  transport(boost::asio::io_context& io, transport_owner& owner, std::span<char> scratch)
    : owner_(owner), scratch_(scratch), socket_(io.get_executor()) {}

  executor_type get_executor() { return socket_.get_executor(); }

  /// Tries the addresses in turn. What the network does not take for `patience` breaks the connection.
  awaitable<error_code> connect(std::span<const endpoint> addresses, std::chrono::milliseconds patience);
  /// Verifies the peer's certificate against `host`. The text says what is wrong; empty is success.
  awaitable<std::string> handshake(boost::asio::ssl::context& context, const std::string& host);

  /// From now on more may be read than Beast asks for. Not before the upgrade: Beast 1.81 fails if more than its own
  /// read buffer follows a response with a large head.
  void read_ahead() { reads_ahead_ = true; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& space, Token&& token);
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& bytes, Token&& token);

  /// Tells the peer that nothing more will come.
  void shut_down();
  void close();

private:
  using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor_type>;
  template <class Buffers>
  struct read_operation;
  template <class Buffers>
  struct write_operation;

  std::size_t try_read(boost::asio::mutable_buffer space, error_code& failure);
  std::size_t receive(boost::asio::mutable_buffer space, error_code& failure);
  std::size_t take_kept(boost::asio::mutable_buffer space);
  socket_type::wait_type waits_for(socket_type::wait_type usual) const { return tls_ ? tls_->waits_for() : usual; }

  transport_owner& owner_;
  std::span<char> scratch_;
  socket_type socket_;
  std::optional<tls_session> tls_;
  std::string kept_; ///< read beyond what Beast asked for
  std::size_t kept_begin_ = 0;
  bool reads_ahead_ = false;
  bool has_ended_ = false;
  bool closed_ = false;
};

/// Reads what is there; only if nothing is, waits. Never completes inside its caller.
template <class Buffers>
struct transport::read_operation {
  transport& layer;
  Buffers space;
  bool has_waited = false;
  bool is_done = false;
  error_code result{};
  std::size_t count = 0;

  template <class Self>
  void operator()(Self& self, error_code failure = {}) {
    if (is_done)
      return self.complete(result, count);
    if (!failure)
      count = layer.try_read(first(), failure);
    if (failure == boost::asio::error::would_block) {
      has_waited = true;
      auto& socket = layer.socket_;
      auto way = layer.waits_for(socket_type::wait_read);
      layer.owner_.about_to_wait();
      return socket.async_wait(way, std::move(self));
    }
    if (has_waited)
      return self.complete(failure, count);
    is_done = true;
    result = failure;
    boost::asio::post(layer.get_executor(), std::move(self));
  }

  boost::asio::mutable_buffer first() const {
    for (boost::asio::mutable_buffer each : boost::beast::buffers_range_ref(space))
      if (each.size() > 0)
        return each;
    return {};
  }
};

template <class Buffers>
struct transport::write_operation {
  transport& layer;
  Buffers bytes;
  bool has_waited = false;
  bool is_done = false;
  error_code result{};
  std::size_t count = 0;

  template <class Self>
  void operator()(Self& self, error_code failure = {}) {
    if (is_done)
      return self.complete(result, count);
    if (!failure)
      count = layer.tls_ ? write_tls(failure) : layer.socket_.write_some(bytes, failure);
    if (failure == boost::asio::error::would_block) {
      has_waited = true;
      auto& socket = layer.socket_;
      return socket.async_wait(layer.waits_for(socket_type::wait_write), std::move(self));
    }
    if (has_waited)
      return self.complete(failure, count);
    is_done = true;
    result = failure;
    boost::asio::post(layer.get_executor(), std::move(self));
  }

  /// Head and payload of a frame in one record.
  std::size_t write_tls(error_code& failure) {
    char record[4096];
    auto size = boost::asio::buffer_copy(boost::asio::buffer(record), bytes);
    return size == 0 ? 0 : layer.tls_->write(boost::asio::buffer(record, size), failure);
  }
};

template <class Buffers, class Token>
auto transport::async_read_some(const Buffers& space, Token&& token) {
  return boost::asio::async_compose<Token, void(error_code, std::size_t)>(read_operation<Buffers>{*this, space}, token,
                                                                          socket_);
}

template <class Buffers, class Token>
auto transport::async_write_some(const Buffers& bytes, Token&& token) {
  return boost::asio::async_compose<Token, void(error_code, std::size_t)>(write_operation<Buffers>{*this, bytes}, token,
                                                                          socket_);
}

/// Beast's customization points. The end of the stream is not waited for: the owner closes.
template <class Handler>
void async_teardown(boost::beast::role_type, transport& layer, Handler&& handler) {
  layer.shut_down();
  boost::asio::post(layer.get_executor(),
                    boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code{}));
}

inline void teardown(boost::beast::role_type, transport& layer, boost::system::error_code& failure) {
  layer.shut_down();
  failure = {};
}

inline void beast_close_socket(transport& layer) {
  layer.close();
}

} // namespace lode
