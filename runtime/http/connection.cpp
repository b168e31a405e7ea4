#include "runtime/http/connection.hpp"

#include "runtime/http/tls.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace lode {

namespace asio = boost::asio;

void connection::watch(const std::shared_ptr<connection>& self, clock::time_point deadline,
                       std::function<void(const std::shared_ptr<connection>&)> on_expiry) {
  self->self_ = self;
  self->deadline_ = deadline;
  self->on_expiry_ = std::move(on_expiry);
  arm(self);
}

void connection::arm(const std::shared_ptr<connection>& self) {
  self->armed_for_ = self->deadline_;
  self->watchdog_.expires_at(self->deadline_); // cancels the wait before
  self->watchdog_.async_wait([weak = self->self_](error_code failure) {
    auto self = weak.lock();
    if (failure || !self || self->closed_)
      return;
    if (self->deadline_ > clock::now()) // moved meanwhile
      return arm(self);
    self->expired_ = true;
    self->close();
    self->on_expiry_(self);
  });
}

void connection::set_deadline(clock::time_point deadline) {
  deadline_ = deadline;
  if (deadline < armed_for_)
    if (auto self = self_.lock())
      arm(self);
}

asio::awaitable<connection::error_code> connection::connect(std::span<const asio::ip::tcp::endpoint> addresses) {
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
    socket_.set_option(asio::ip::tcp::no_delay{true}, failure);
  co_return failure;
}

asio::awaitable<std::string> connection::handshake(asio::ssl::context& context, const std::string& host) {
  tls_.emplace(socket_, context);
  expect_certificate_of(tls_->native_handle(), host);
  error_code failure;
  co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, failure));
  co_return failure ? why_tls_failed(tls_->native_handle(), failure) : std::string{};
}

asio::awaitable<connection::error_code> connection::write(std::string_view head, std::string_view body) {
  error_code failure;
  std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
  if (tls_)
    co_await asio::async_write(*tls_, buffers, asio::redirect_error(asio::use_awaitable, failure));
  else
    co_await asio::async_write(socket_, buffers, asio::redirect_error(asio::use_awaitable, failure));
  co_return failure;
}

asio::awaitable<size_t> connection::read(asio::mutable_buffer space, error_code& failure) {
  if (tls_)
    co_return co_await tls_->async_read_some(space, asio::redirect_error(asio::use_awaitable, failure));
  co_return co_await socket_.async_read_some(space, asio::redirect_error(asio::use_awaitable, failure));
}

bool connection::is_silent() {
  if (closed_ || (tls_ && SSL_pending(tls_->native_handle()) > 0))
    return false;
  char byte;
  auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void connection::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  watchdog_.cancel();
}

} // namespace lode
