#include "runtime/websocket/tls_session.hpp"

#include "runtime/http/tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>

#include <cerrno>
#include <climits>
#include <sys/socket.h>

namespace lode {

namespace asio = boost::asio;

namespace {

int descriptor_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int receive(BIO* bio, char* space, int size) {
  BIO_clear_retry_flags(bio);
  auto count = static_cast<int>(::recv(descriptor_of(bio), space, static_cast<size_t>(size), 0));
  if (count < 0 && would_block())
    BIO_set_retry_read(bio);
  return count;
}

/// Not OpenSSL's own: that one raises SIGPIPE when the peer has gone.
int transmit(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  auto count = static_cast<int>(::send(descriptor_of(bio), bytes, static_cast<size_t>(size), MSG_NOSIGNAL));
  if (count < 0 && would_block())
    BIO_set_retry_write(bio);
  return count;
}

long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static auto method = [] {
    auto made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_read(made, receive);
    BIO_meth_set_write(made, transmit);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

int length(size_t size) {
  return static_cast<int>(std::min<size_t>(size, INT_MAX));
}

} // namespace

tls_session::tls_session(asio::ssl::context& context, int descriptor, const std::string& host)
  : session_(SSL_new(context.native_handle())) {
  auto bio = BIO_new(socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session_.get(), bio, bio); // owns it
  SSL_set_mode(session_.get(),
               SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_read_ahead(session_.get(), 1); // a record with one call, not two
  SSL_set_connect_state(session_.get());
  expect_certificate_of(session_.get(), host);
}

tls_session::error_code tls_session::handshake() {
  ERR_clear_error(); // errors are per thread, and other sessions live on it
  errno = 0;
  auto result = SSL_do_handshake(session_.get());
  return result == 1 ? error_code{} : explain(result);
}

size_t tls_session::read(asio::mutable_buffer space, error_code& failure) {
  ERR_clear_error();
  errno = 0;
  auto count = SSL_read(session_.get(), space.data(), length(space.size()));
  failure = count > 0 ? error_code{} : explain(count);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

size_t tls_session::write(asio::const_buffer bytes, error_code& failure) {
  ERR_clear_error();
  errno = 0;
  auto count = SSL_write(session_.get(), bytes.data(), length(bytes.size()));
  failure = count > 0 ? error_code{} : explain(count);
  return count > 0 ? static_cast<size_t>(count) : 0;
}

void tls_session::say_goodbye() {
  ERR_clear_error();
  if (SSL_is_init_finished(session_.get()))
    SSL_shutdown(session_.get());
  ERR_clear_error();
}

std::string tls_session::why(const error_code& failure) const {
  return why_tls_failed(session_.get(), failure);
}

tls_session::error_code tls_session::explain(int result) {
  auto system_error = errno;
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      waits_for_ = wait_type::wait_read;
      return asio::error::would_block;
    case SSL_ERROR_WANT_WRITE:
      waits_for_ = wait_type::wait_write;
      return asio::error::would_block;
    case SSL_ERROR_ZERO_RETURN:
      return asio::error::eof;
    case SSL_ERROR_SYSCALL:
      if (system_error != 0)
        return {system_error, asio::error::get_system_category()};
      return asio::ssl::error::stream_truncated;
    default:
      return {static_cast<int>(ERR_get_error()), asio::error::get_ssl_category()};
  }
}

} // namespace lode
