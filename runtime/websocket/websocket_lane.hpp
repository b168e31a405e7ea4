#pragma once

#include "runtime/http/connection_table.hpp"
#include "runtime/http/name_resolver.hpp"
#include "runtime/http/route.hpp"
#include "runtime/websocket/websocket_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#include <variant>

namespace lode {

/// What all lanes share. Read-only after construction, but for the resolver and what is counted.
struct websocket_resources {
  websocket_client_settings settings;
  route_table routes;
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
  name_resolver resolver;
  std::atomic<std::int64_t> held_bytes = 0; ///< of messages received and not granted anew, of all sockets
};

/// An I/O thread and what its sockets have in common.
class websocket_lane {
public:
  /// Whose turn it is to open a socket to a host; there is nothing to reuse.
  using opening_table = connection_table<std::monostate>;

  explicit websocket_lane(websocket_resources& shared)
    : shared(shared),
      openings({std::max<std::size_t>(1, shared.settings.max_opening_per_host), unlimited, unlimited},
               [](std::monostate&) {}) {}
  ~websocket_lane() {
    io.stop();
    thread_.join();
  }

  websocket_resources& shared;
  boost::asio::io_context io{1};
  opening_table openings;
  std::array<char, 16 << 10> scratch{}; ///< for reads of more than a socket has space for
  std::atomic<std::uint64_t> opening = 0, open = 0, opened = 0, closed = 0;
  std::atomic<std::uint64_t> messages_received = 0, bytes_received = 0, messages_sent = 0;

private:
  static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
  std::thread thread_{[this] { io.run(); }}; // last: it uses all of the above
};

} // namespace lode
