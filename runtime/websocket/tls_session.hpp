#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace lode {

/// TLS over a socket that does not block. Calls that would have to wait end with `would_block`; waits_for() then says for
/// what. Asio's own ssl::stream keeps 70 KB of buffers for each connection, an idle one too; this keeps none.
class tls_session {
public:
  using error_code = boost::system::error_code;
  using wait_type = boost::asio::ip::tcp::socket::wait_type;

  tls_session(boost::asio::ssl::context& context, int descriptor, const std::string& host);

  error_code handshake();
  std::size_t read(boost::asio::mutable_buffer space, error_code& failure);
  std::size_t write(boost::asio::const_buffer bytes, error_code& failure);
  /// Tells the peer that no more will come, if that can be told at once.
  void say_goodbye();

  wait_type waits_for() const { return waits_for_; }
  /// Why the handshake failed.
  std::string why(const error_code& failure) const;

private:
  error_code explain(int result);

  struct freed {
    void operator()(SSL* session) const { SSL_free(session); }
  };
  std::unique_ptr<SSL, freed> session_;
  wait_type waits_for_ = wait_type::wait_read;
};

} // namespace lode
