#include "tests/support/test_http_server.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include <sys/socket.h>

namespace lode::test {

namespace asio = boost::asio;
using boost::system::error_code;

std::optional<server_request> server_connection::read_request() {
  server_request request;
  error_code failure;
  if (tls_)
    boost::beast::http::read(*tls_, buffer_, request, failure);
  else
    boost::beast::http::read(socket_, buffer_, request, failure);
  return failure ? std::nullopt : std::optional{std::move(request)};
}

void server_connection::write(std::string_view bytes) {
  error_code ignored;
  if (tls_)
    asio::write(*tls_, asio::buffer(bytes), ignored);
  else
    asio::write(socket_, asio::buffer(bytes), ignored);
}

void server_connection::respond(int status, std::string_view body, std::string_view headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  text.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  write(text);
}

bool server_connection::start_tls(const test_identity& identity) {
  context_.emplace(asio::ssl::context::tls_server);
  context_->use_certificate_chain(asio::buffer(identity.certificate));
  context_->use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
  tls_.emplace(socket_, *context_);
  error_code failure;
  tls_->handshake(asio::ssl::stream_base::server, failure);
  return !failure;
}

std::string server_connection::asked_name() const {
  auto name = SSL_get_servername(const_cast<server_connection*>(this)->tls_->native_handle(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

void server_connection::wait_for_close() {
  char space[1024];
  error_code failure;
  while (!failure)
    socket_.read_some(asio::buffer(space), failure);
}

void server_connection::reset() {
  std::lock_guard guard{mutex_};
  error_code ignored;
  socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
  socket_.close(ignored);
}

void server_connection::close() {
  std::lock_guard guard{mutex_};
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

test_http_server::test_http_server(handler serve) : serve_(std::move(serve)) {
  asio::ip::tcp::endpoint any{asio::ip::address_v4::loopback(), 0};
  acceptor_.open(any.protocol());
  acceptor_.bind(any);
  acceptor_.listen();
  port_ = acceptor_.local_endpoint().port();
  acceptor_thread_ = std::thread{[this] { accept_all(); }};
}

void test_http_server::accept_all() {
  for (;;) {
    error_code failure;
    auto socket = acceptor_.accept(failure);
    std::lock_guard guard{mutex_};
    if (failure || is_stopping_)
      return;
    auto& connection = open_.emplace_back(std::move(socket), ++count_);
    threads_.emplace_back([this, &connection] {
      serve_(connection);
      connection.close();
    });
  }
}

test_http_server::~test_http_server() {
  {
    std::lock_guard guard{mutex_};
    is_stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    for (auto& connection : open_)
      connection.close();
  }
  acceptor_thread_.join();
  for (auto& thread : threads_)
    thread.join();
}

} // namespace lode::test
