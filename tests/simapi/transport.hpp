#pragma once

#include "tests/simapi/conversation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>

namespace simapi {

// What conversations have in common: waiting, and the ways in which a connection ends.

namespace asio = boost::asio;

/// Errors as values.
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

inline asio::awaitable<void> wait(uint64_t milliseconds) {
  asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::milliseconds(milliseconds)};
  co_await timer.async_wait(quietly);
}

/// Waits until the client leaves; what it still sends is thrown away.
template <class Stream>
asio::awaitable<void> wait_for_end(Stream& stream) {
  std::array<char, 256> ignored;
  for (;;) {
    auto [error, count] = co_await stream.async_read_some(asio::buffer(ignored), quietly);
    if (error)
      co_return;
  }
}

inline void reset(tcp_socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

inline tcp_socket& tcp_of(tcp_socket& socket) {
  return socket;
}
inline tcp_socket& tcp_of(tls_socket& socket) {
  return socket.next_layer();
}

/// Lets the peer read what was sent: a close with unread input would turn into a reset.
inline void close_orderly(tcp_socket& socket) {
  boost::system::error_code ignored;
  socket.shutdown(asio::socket_base::shutdown_both, ignored);
  socket.close(ignored);
}

} // namespace simapi
