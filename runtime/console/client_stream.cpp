#include "runtime/console/client_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace lode {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// What both have in common; all that is read and written goes through here, so that it is compiled once for each.
template <class Stream>
class stream_of : public client_stream {
public:
  template <class... Arguments>
  explicit stream_of(Arguments&&... arguments) : stream_(std::forward<Arguments>(arguments)...) {}

  awaitable<std::pair<error_code, size_t>> read_some(asio::mutable_buffer space) override {
    auto [failed, size] = co_await stream_.async_read_some(space, no_throw);
    co_return std::pair{failed, size};
  }

  awaitable<error_code> write(asio::const_buffer bytes) override {
    auto [failed, size] = co_await asio::async_write(stream_, bytes, no_throw);
    co_return failed;
  }

  awaitable<void> converse_live(live_handshake handshake, live_socket_parts parts) override {
    co_await lode::converse_live(stream_, std::move(handshake), std::move(parts));
  }

  beast::tcp_stream& tcp() noexcept override { return beast::get_lowest_layer(stream_); }

protected:
  Stream stream_;
};

class plain_stream : public stream_of<beast::tcp_stream> {
public:
  using stream_of::stream_of;

  awaitable<error_code> handshake() override { co_return error_code{}; }

  awaitable<void> end() override {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }

  bool is_secure() const noexcept override { return false; }
};

class tls_stream : public stream_of<beast::ssl_stream<beast::tcp_stream>> {
public:
  tls_stream(asio::ip::tcp::socket socket, asio::ssl::context& tls) : stream_of(std::move(socket), tls) {}

  awaitable<error_code> handshake() override {
    auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::server, no_throw);
    co_return failed;
  }

  /// Says so by TLS too, without which a client must take what it got for cut off. Its own goodbye is not waited for.
  awaitable<void> end() override {
    tcp().expires_after(std::chrono::seconds{1});
    SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
    co_await stream_.async_shutdown(no_throw);
    error_code ignored;
    tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  bool is_secure() const noexcept override { return true; }
};

} // namespace

std::unique_ptr<client_stream> make_client_stream(asio::ip::tcp::socket socket, asio::ssl::context* tls) {
  if (tls)
    return std::make_unique<tls_stream>(std::move(socket), *tls);
  return std::make_unique<plain_stream>(std::move(socket));
}

} // namespace lode
