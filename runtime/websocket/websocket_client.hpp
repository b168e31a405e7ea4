#pragma once

#include "runtime/http/http_client.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lode {

/// What to open. Zero means the client's default, but where it says otherwise. Headers about the connection and
/// `Sec-WebSocket-*` are the client's own: such headers given here are ignored.
struct websocket_request {
  /// ws, wss, or http and https understood as such.
  std::string url{};
  std::vector<http_header> headers{};
  /// What is offered. The server takes one of them or none; anything else is a protocol error.
  std::vector<std::string> subprotocols{};
  /// Offers compression. It costs some 20 KB for each socket where the server agrees.
  bool permessage_deflate = false;
  std::size_t max_message_bytes = 0; ///< after decompression
  std::size_t max_queued_bytes = 0;  ///< of what send() was given and the network has not taken yet
  /// Name resolution, TCP, proxy, TLS and upgrade together, from the turn of this socket: at most so many are opened at
  /// once to one host.
  std::chrono::milliseconds connect_timeout{0};
  /// Nothing at all was received for so long: the peer is gone. A socket that is not read for want of credit is not idle.
  std::chrono::milliseconds idle_timeout{0};
  /// A ping so often; zero = none. Without credit an unsolicited pong, whose failure shows a dead peer.
  std::chrono::milliseconds ping_every{0};
  /// Messages that may be handed on before the first grant().
  std::uint32_t credits = 0;
};

struct websocket_opened {
  std::string subprotocol{}; ///< the one that the server took, or ""
  std::vector<http_header> headers{};
};

/// Why a socket is open no more.
enum class websocket_end : std::uint8_t {
  invalid_request, ///< URL or headers cannot be sent: nothing was sent
  resolve,         ///< the host name has no address
  connect,         ///< refused, unreachable
  tls,             ///< handshake failed, certificate not trusted or not for this host
  proxy,           ///< the proxy refused the tunnel
  timeout_connect,
  unauthorized,    ///< the upgrade was answered with 401 or 403
  refused,         ///< the upgrade was answered with another status than 101; redirects are not followed
  protocol_error,  ///< what came is not WebSocket, or not what was agreed on
  too_large,       ///< a message beyond max_message_bytes
  idle,            ///< half open: nothing came for idle_timeout, or the network does not deliver any more
  reset,           ///< the connection was lost without a close frame
  closed_by_peer,  ///< a close frame came
  overflow,        ///< more was given to send() than max_queued_bytes
  closed,          ///< by close(), and the peer has answered
  cancelled,       ///< by close() before the socket was open, or without an answer in time; or the client was destroyed
};

/// The enumerator's name, for logs and metrics.
std::string_view to_string(websocket_end reason);

struct websocket_closed {
  websocket_end reason = websocket_end::cancelled;
  /// Names the host and what happened; never a path, a query, a header value or what the peer said.
  std::string message{};
  std::uint16_t code = 0;             ///< of the peer's close frame; 1005 = it had none; 0 = no close frame
  std::string peer_reason{};          ///< the text in that frame: the peer's words
  int status = 0;                     ///< of the answer to the upgrade, if it was not 101
  std::vector<http_header> headers{}; ///< of that answer: `Retry-After`, `Location`, ...
};

/// Called on an I/O thread, possibly before open() has returned. They must neither block nor throw; they may call the
/// client. All three are set. `closed` is called exactly once and is the last.
struct websocket_events {
  std::function<void(websocket_opened)> opened{};
  /// What has arrived together, in order, text and binary alike; never more than was granted and not handed on yet.
  std::function<void(std::vector<std::string>)> messages{};
  std::function<void(websocket_closed)> closed{};
};

/// Names one socket. Never reused in the life of a client.
struct websocket_handle {
  std::uint64_t id = 0;
  friend auto operator<=>(const websocket_handle&, const websocket_handle&) = default;
};

/// Gauges, then counters since start.
struct websocket_client_stats {
  std::uint64_t opening = 0; ///< those that wait for their turn included
  std::uint64_t open = 0;

  std::uint64_t opened = 0;
  std::uint64_t closed = 0; ///< those that never opened included
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0; ///< on the wire, without TLS
  std::uint64_t messages_sent = 0;
};

/// Holds WebSockets. Thread-safe; no call blocks. Unknown handles and those of closed sockets are ignored.
class websocket_client {
public:
  /// Closes every socket with `cancelled`, then returns: no callback comes later. Not from a callback.
  virtual ~websocket_client() = default;

  virtual websocket_handle open(websocket_request request, websocket_events events) = 0;

  /// So many messages more may be handed on. Without credit the socket is not read (but for 16 KiB): TCP pushes back.
  virtual void grant(websocket_handle socket, std::uint32_t messages) = 0;

  /// Queues a text message, also before the socket is open.
  virtual void send(websocket_handle socket, std::string text) = 0;

  /// Sends what is queued, then a close frame, and waits for the peer's. Messages that still come are dropped.
  virtual void close(websocket_handle socket) = 0;

  /// When something was last received, pongs included: so long the socket is known to be healthy. Nothing for a socket
  /// that is not open.
  virtual std::optional<std::chrono::steady_clock::time_point> last_heard(websocket_handle socket) const = 0;

  virtual websocket_client_stats stats() const = 0;
};

struct websocket_client_settings {
  /// Of these: CA files, proxies, `resolve`, user agent, connect timeout. Proxies are asked for a tunnel, for ws too.
  http_client_settings network{};
  unsigned threads = 1;
  std::chrono::milliseconds idle_timeout{60'000};
  /// From close() to `cancelled`.
  std::chrono::milliseconds close_timeout{5'000};
  std::size_t max_message_bytes = 1u << 20;
  std::size_t max_queued_bytes = 1u << 20;
  /// Of messages of all sockets that were received and for which no grant() has come since. While there are so many no socket is
  /// read on; one message of each may come beyond it.
  std::size_t max_held_bytes = 64u << 20;
  /// Sockets that one thread opens at once to one host; the others wait, and their time does not run.
  std::size_t max_opening_per_host = 64;
};

/// The real client, or why the settings cannot work (CA file, proxy URL, resolve address).
std::variant<std::unique_ptr<websocket_client>, http_error>
make_websocket_client(const websocket_client_settings& settings);

} // namespace lode
