#include "runtime/websocket/transport.hpp"

#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/tcp.h>

namespace lode {

namespace asio = boost::asio;

namespace {

/// Beast's read buffer.
constexpr size_t one_segment = 1536;

using user_timeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;

} // namespace

asio::awaitable<transport::error_code> transport::connect(std::span<const endpoint> addresses,
                                                          std::chrono::milliseconds patience) {
  error_code failure = asio::error::host_not_found;
  for (auto& address : addresses) {
    if (closed_)
      break;
    error_code ignored;
    socket_.close(ignored); // of the address before
    co_await socket_.async_connect(address, asio::redirect_error(asio::use_awaitable, failure));
    if (!failure)
      break;
  }
  if (closed_)
    co_return asio::error::operation_aborted;
  if (!failure)
    socket_.non_blocking(true, failure);
  if (!failure)
    socket_.set_option(asio::ip::tcp::no_delay{true}, failure);
  if (!failure)
    socket_.set_option(user_timeout{static_cast<int>(patience.count())}, failure);
  co_return failure;
}

asio::awaitable<std::string> transport::handshake(asio::ssl::context& context, const std::string& host) {
  tls_.emplace(context, socket_.native_handle(), host);
  for (;;) {
    auto failure = tls_->handshake();
    if (!failure)
      co_return std::string{};
    if (failure != asio::error::would_block)
      co_return tls_->why(failure);
    co_await socket_.async_wait(tls_->waits_for(), asio::redirect_error(asio::use_awaitable, failure));
    if (failure)
      co_return failure.message();
  }
}

size_t transport::try_read(asio::mutable_buffer space, error_code& failure) {
  if (closed_) {
    failure = asio::error::operation_aborted;
    return 0;
  }
  if (has_ended_) {
    failure = asio::error::eof;
    return 0;
  }
  if (space.size() == 0)
    return 0;
  if (!kept_.empty())
    return take_kept(space);
  if (!reads_ahead_)
    space = asio::buffer(space, one_segment);
  auto count = tls_ ? tls_->read(space, failure) : receive(space, failure);
  if (failure)
    return 0;
  has_ended_ = !owner_.heard({static_cast<const char*>(space.data()), count}, count + kept_.size());
  return count;
}

/// What is there beyond a small `space` is fetched with the same call and kept.
size_t transport::receive(asio::mutable_buffer space, error_code& failure) {
  if (!reads_ahead_ || space.size() > one_segment)
    return socket_.read_some(space, failure);
  std::array<asio::mutable_buffer, 2> spaces{space, asio::buffer(scratch_.data(), scratch_.size())};
  auto count = socket_.read_some(spaces, failure);
  if (count <= space.size())
    return count;
  kept_.assign(scratch_.data(), count - space.size());
  return space.size();
}

size_t transport::take_kept(asio::mutable_buffer space) {
  auto count = std::min(space.size(), kept_.size() - kept_begin_);
  std::memcpy(space.data(), kept_.data() + kept_begin_, count);
  kept_begin_ += count;
  if (kept_begin_ == kept_.size()) {
    kept_ = {};
    kept_begin_ = 0;
  }
  return count;
}

void transport::shut_down() {
  if (closed_)
    return;
  if (tls_)
    tls_->say_goodbye();
  error_code ignored;
  socket_.shutdown(socket_type::shutdown_send, ignored);
}

void transport::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
}

} // namespace lode
