#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lode {

struct http_header {
  std::string name;
  std::string value;
};

/// The value of the first header called `name` (letter case does not matter), or nullptr.
const std::string* find_header(const std::vector<http_header>& headers, std::string_view name);

/// Limits of one request. Zero means: the client's default.
struct http_timeouts {
  /// Name resolution, TCP, proxy and TLS handshake together.
  std::chrono::milliseconds connect{0};
  /// From the first byte sent to the first byte received.
  std::chrono::milliseconds first_byte{0};
  /// The whole exchange with all redirects, not counted the wait for a free connection.
  std::chrono::milliseconds total{0};
};

/// What to ask. Names and values of headers that could break out of their line are refused.
/// Headers about the connection (Host, Content-Length, Transfer-Encoding, Connection, Proxy-*, ...)
/// are the client's own: such headers given here are ignored.
/// User-Agent, Accept and Accept-Encoding get a default when absent.
struct http_request {
  std::string method = "GET";
  /// Absolute, http or https, without user info. Raw spaces and non-ASCII letters are encoded.
  std::string url{};
  std::vector<http_header> headers{};
  std::string body{};
  /// Bound on the decoded body and on the body on the wire. 0 = the client's default.
  std::size_t max_response_bytes = 0;
  http_timeouts timeouts{};
  /// Names of query parameters that carry credentials (beside the usual ones like
  /// `access_token`): a redirect to another origin loses them.
  std::vector<std::string> credential_parameters{};
};

struct http_response {
  int status = 0;
  /// As received, in order. Content-Encoding and Content-Length describe the wire, not `body`.
  std::vector<http_header> headers{};
  /// Decoded (gzip, deflate).
  std::string body{};
  /// From start() to the last byte, the wait for a free connection included.
  std::chrono::nanoseconds elapsed{0};
  /// Bytes received for the final response, head and encoded body.
  std::size_t wire_bytes = 0;
  /// After redirects. It may hold credentials in its query: never log it.
  std::string final_url{};
};

/// Why there is no response. An HTTP error status is a response, not a failure.
enum class http_failure : std::uint8_t {
  invalid_request,    ///< URL, method or header cannot be sent: nothing was sent
  resolve,            ///< the host name has no address
  connect,            ///< refused, unreachable
  tls,                ///< handshake failed, certificate not trusted or not for this host
  proxy,              ///< the proxy refused the tunnel
  timeout_queue,      ///< no connection became free in time: nothing was sent
  timeout_connect,
  timeout_first_byte,
  timeout_total,
  reset,              ///< connection lost before the first byte of the response
  truncated,          ///< connection lost, or encoded data ended, inside the response
  malformed,          ///< the response is not HTTP, or its body does not decode
  too_large,          ///< head or body beyond its limit, before or after decoding
  redirect_refused,   ///< too many, to plain http, or with a body to another origin
  overloaded,         ///< too many requests wait for a connection: nothing was sent
  cancelled,          ///< by cancel(), or the client was destroyed
};

/// The enumerator's name, for logs and metrics.
std::string_view to_string(http_failure kind);

/// Whether the server may have acted on the request: it was sent, at least in part, and no answer tells.
bool may_have_arrived(http_failure kind);

struct http_error {
  http_failure kind = http_failure::connect;
  /// Names the host and what happened; never a path, a query, a header value or a body.
  std::string message;
};

using http_result = std::variant<http_response, http_error>;

/// Names one started request. Never reused in the life of a client.
struct request_handle {
  std::uint64_t id = 0;
  friend auto operator<=>(const request_handle&, const request_handle&) = default;
};

/// Counters since start, then gauges.
struct http_client_stats {
  std::uint64_t requests_started = 0;
  std::uint64_t requests_answered = 0;  ///< a response of any status
  std::uint64_t requests_failed = 0;    ///< an http_error, cancelled ones included
  std::uint64_t redirects_followed = 0;
  std::uint64_t stale_retries = 0;      ///< a pooled connection turned out dead; asked again
  std::uint64_t connections_opened = 0;
  std::uint64_t bytes_received = 0;

  std::uint64_t requests_in_flight = 0; ///< the waiting ones included
  std::uint64_t requests_waiting = 0;   ///< for a free connection
  std::uint64_t connections_open = 0;   ///< the idle ones included
  std::uint64_t connections_idle = 0;
};

/// Sends HTTP requests. Thread-safe. No request blocks the caller.
class http_client {
public:
  /// Completes every open request with `cancelled`, then returns. Not from a callback.
  virtual ~http_client() = default;

  using callback = std::function<void(http_result)>;

  /// Starts a request. `done` is called exactly once, also after cancel() and at destruction,
  /// on an I/O thread (possibly before start() has returned). It must neither block nor throw.
  virtual request_handle start(http_request request, callback done) = 0;

  /// Asks to end a request early: its callback gets `cancelled`, unless it has ended already.
  /// A connection in use is closed. Unknown and finished handles are ignored.
  virtual void cancel(request_handle handle) = 0;

  virtual http_client_stats stats() const = 0;
};

struct http_client_settings {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{30'000};
  std::chrono::milliseconds total_timeout{120'000};
  /// The longest wait for a free connection.
  std::chrono::milliseconds queue_timeout{300'000};
  /// An unused connection is closed after this time.
  std::chrono::milliseconds idle_timeout{30'000};
  /// Connections to one host name, whatever the port.
  std::size_t max_connections_per_host = 64;
  /// Connections to all hosts together; each I/O thread has an equal share. An idle
  /// connection is closed for a request that needs its place.
  std::size_t max_connections = 1024;
  /// Requests that may wait for a connection; more fail with `overloaded`.
  std::size_t max_waiting_requests = 100'000;
  std::size_t max_response_bytes = 64u << 20;
  std::size_t max_header_bytes = 64u << 10;
  unsigned max_redirects = 10;
  /// I/O threads. All connections to one host live on one of them.
  unsigned threads = 1;
  std::string user_agent = "lode";
  /// PEM file of the certificates to trust in place of the system's.
  std::string ca_file;
  /// PEM file of certificates to trust as well.
  std::string extra_ca_file;
  /// `http://[user:password@]host:port` for plain targets, and for https targets (CONNECT).
  std::string http_proxy;
  std::string https_proxy;
  /// Hosts reached without proxy: `host`, `.domain` (with all below it), `host:port`, or `*`.
  std::vector<std::string> no_proxy;
  /// Like curl's --resolve: `host:port`, `host` or `*.domain` -> `address[:port]`. The first
  /// of these forms that is present counts. TLS still verifies the name.
  std::map<std::string, std::string> resolve;
};

/// The real client, or why the settings cannot work (CA file, proxy URL, resolve address).
std::variant<std::unique_ptr<http_client>, http_error>
make_beast_http_client(const http_client_settings& settings);

} // namespace lode
