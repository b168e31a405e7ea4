#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/posts/api.hpp"
#include "bench/posts/event_feed.hpp"

namespace bench {

/// The WebSockets of bench-provider, `GET /v1/ACCOUNT/live`. Once a client has subscribed it gets the events of its account:
///   POST /control/send/{new,changed}/EVENTS/RATE   so many of all accounts together, so many a second; 0: as they are taken
///   POST /control/send/stop
///   GET /control/live                              sockets, events, latencies until the acknowledgement
class live_side {
public:
  using tcp_socket = boost::asio::ip::tcp::socket;
  using request_type = boost::beast::http::request<boost::beast::http::string_body>;

  live_side(boost::asio::io_context& io, uint64_t seed, uint32_t accounts);

  /// A request of the control port; false: it is none of the live side.
  bool answer(std::string_view method, std::string_view target, api_answer& out);

  /// Answers the upgrade, then lasts as long as the socket. `bytes`: what came behind the request.
  boost::asio::awaitable<void> serve(tcp_socket socket, const request_type& request, boost::beast::flat_buffer& bytes);

private:
  struct peer {
    tcp_socket socket;
    uint32_t account;
    bool is_writing = false;
    std::string out{}, leaving{}; ///< what waits; what is being written
  };
  using peer_pointer = std::shared_ptr<peer>;

  void take(const peer_pointer& from, std::string_view text);
  void leave(const peer_pointer& from);
  void flush(const peer_pointer& to);
  boost::asio::awaitable<void> keep_pace();
  void send_due();
  bool begin(std::string_view order);
  std::string stats();

  boost::asio::io_context& io_;
  event_feed feed_;
  std::vector<peer_pointer> listening_; ///< by account; null: nobody has subscribed
  size_t sockets_ = 0;
  bool is_pacing_ = false;
};

} // namespace bench
