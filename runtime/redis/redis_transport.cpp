#include "runtime/redis/redis_transport.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace lode {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using socket_type = asio::generic::stream_protocol::socket;

/// Stream is the socket itself or TLS around it.
template <class Stream>
class asio_transport : public redis_connection::transport {
public:
  asio_transport(const redis_settings& settings, asio::ssl::context* tls) : settings_(settings), stream_(make_stream(tls)) {}

  std::string connect(time_point deadline) override {
    auto wrong = settings_.address.socket.empty() ? connect_tcp(deadline) : connect_to(local_endpoint(), deadline);
    return wrong.empty() ? shake_hands(deadline) : wrong;
  }

  std::string write(std::string_view bytes, time_point deadline) override {
    return run(deadline, [&](auto done) {
      asio::async_write(*stream_, asio::buffer(bytes), [done](const error_code& failed, size_t) { done(failed); });
    });
  }

  std::string read(std::string& out, time_point deadline) override {
    size_t size = 0;
    auto wrong = run(deadline, [&](auto done) {
      stream_->async_read_some(asio::buffer(buffer_), [done, &size](const error_code& failed, size_t count) {
        size = count;
        done(failed);
      });
    });
    if (wrong.empty())
      out.append(buffer_.data(), size);
    return wrong;
  }

private:
  std::unique_ptr<Stream> make_stream(asio::ssl::context* tls) {
    if constexpr (std::is_same_v<Stream, socket_type>)
      return std::make_unique<Stream>(io_);
    else
      return std::make_unique<Stream>(io_, *tls);
  }

  socket_type& socket() {
    if constexpr (std::is_same_v<Stream, socket_type>)
      return *stream_;
    else
      return stream_->next_layer();
  }

  asio::generic::stream_protocol::endpoint local_endpoint() const {
    return asio::local::stream_protocol::endpoint{settings_.address.socket};
  }

  std::string connect_tcp(time_point deadline) {
    asio::ip::tcp::resolver resolver{io_};
    asio::ip::tcp::resolver::results_type found;
    const auto& address = settings_.address;
    auto wrong = run(deadline, [&](auto done) {
      resolver.async_resolve(address.host, std::to_string(address.port), [&found, done](const error_code& failed, auto results) {
        found = std::move(results);
        done(failed);
      });
    });
    if (!wrong.empty())
      return wrong;
    for (const auto& entry : found) {
      wrong = connect_to(entry.endpoint(), deadline);
      if (wrong.empty())
        break;
    }
    if (wrong.empty())
      socket().set_option(asio::ip::tcp::no_delay{true});
    return wrong;
  }

  std::string connect_to(const asio::generic::stream_protocol::endpoint& to, time_point deadline) {
    error_code ignored;
    socket().close(ignored);
    return run(deadline, [&](auto done) { socket().async_connect(to, done); });
  }

  std::string shake_hands(time_point deadline) {
    if constexpr (std::is_same_v<Stream, socket_type>) {
      return {};
    } else {
      const auto& host = settings_.address.host;
      if (!SSL_set_tlsext_host_name(stream_->native_handle(), host.c_str()))
        return "the host name cannot be told to TLS";
      stream_->set_verify_mode(asio::ssl::verify_peer);
      stream_->set_verify_callback(asio::ssl::host_name_verification{host});
      auto wrong = run(deadline, [&](auto done) { stream_->async_handshake(asio::ssl::stream_base::client, done); });
      return wrong.empty() ? wrong : "the TLS handshake failed: " + wrong;
    }
  }

  /// Starts one operation and runs it to its end, or to the deadline, after which it is cut off.
  template <class Start>
  std::string run(time_point deadline, Start start) {
    error_code result = asio::error::would_block;
    start([&result](const error_code& failed) { result = failed; });
    io_.restart();
    io_.run_until(deadline);
    if (result == asio::error::would_block) {
      error_code ignored;
      socket().close(ignored);
      io_.restart();
      io_.run();
      return "it did not answer within " + std::to_string(settings_.timeout.count()) + " ms";
    }
    return result ? result.message() : std::string{};
  }

  const redis_settings& settings_;
  asio::io_context io_{1};
  std::unique_ptr<Stream> stream_;
  std::array<char, 64 * 1024> buffer_{};
};

class tls_transport final : public asio_transport<asio::ssl::stream<socket_type>> {
public:
  tls_transport(const redis_settings& settings, std::unique_ptr<asio::ssl::context> tls)
    : asio_transport(settings, tls.get()), tls_(std::move(tls)) {}

private:
  std::unique_ptr<asio::ssl::context> tls_;
};

} // namespace

std::unique_ptr<redis_connection::transport> redis_connection::transport::make(const redis_settings& settings) {
  if (!settings.address.is_tls)
    return std::make_unique<asio_transport<socket_type>>(settings, nullptr);
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  error_code failed; // untrusted files end in a handshake that fails, and says so
  if (settings.ca_file.empty())
    tls->set_default_verify_paths(failed);
  else
    tls->load_verify_file(settings.ca_file, failed);
  return std::make_unique<tls_transport>(settings, std::move(tls));
}

} // namespace lode
