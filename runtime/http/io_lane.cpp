#include "runtime/http/io_lane.hpp"

#include "runtime/http/request_head.hpp"
#include "runtime/http/response_reader.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lode {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using clock_type = connection::clock;

namespace {

auto setting_or(std::chrono::milliseconds asked, std::chrono::milliseconds usual) {
  return asked.count() > 0 ? asked : usual;
}

} // namespace

/// One request on one lane, and its deadline.
struct io_lane::hop {
  http_exchange& exchange;
  const http_url& url;
  http_route route;
  std::string origin;
  time_point total_deadline{};
  http_failure phase = http_failure::timeout_connect;

  hop(http_exchange& exchange, const http_url& url, http_route found)
    : exchange(exchange), url(url), route(std::move(found)), origin(url.scheme + "://" + authority_of(url)) {}

  /// The deadline of a phase that may last for `limit`: the whole may end sooner.
  time_point begin_phase(http_failure name, std::chrono::milliseconds limit) {
    auto end = clock_type::now() + limit;
    phase = end < total_deadline ? name : http_failure::timeout_total;
    return std::min(end, total_deadline);
  }

  time_point begin_last_phase() {
    phase = http_failure::timeout_total;
    return total_deadline;
  }

  http_error fails(http_failure kind, const std::string& what) const {
    return {kind, "request to " + authority_of(url) + " failed: " + what};
  }

  std::string peer_name() const {
    return (route.kind == http_route::form::direct ? "" : "proxy ") + route.host + ":" + std::to_string(route.port);
  }

  http_error cancelled() const { return fails(http_failure::cancelled, "it was cancelled"); }

  http_error timed_out() const {
    auto during = phase == http_failure::timeout_connect    ? "no connection in time"
                  : phase == http_failure::timeout_first_byte ? "no first byte of a response in time"
                                                              : "no complete response in time";
    return fails(phase, during);
  }

  /// A deadline and a cancellation show as errors of the socket they close: they are the cause.
  http_error because(http_failure kind, const std::string& what) const {
    if (exchange.is_cancelled)
      return cancelled();
    if (exchange.in_use && exchange.in_use->has_expired())
      return timed_out();
    return fails(kind, what);
  }
};

/// What came of one attempt on one connection.
struct io_lane::reply {
  http_result result;
  bool can_continue = false;
  bool nothing_received = false;
};

/// A place in the connection table, given back at the end of its scope.
class io_lane::place {
public:
  place(io_lane& lane, const http_url& url, const std::string& origin) : lane_(lane), host_(url.host), origin_(origin) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  ~place() {
    if (!is_held_)
      return;
    auto stays_open = is_reusable_ && connection_ && !connection_->is_closed();
    if (stays_open)
      connection_->set_deadline(clock_type::now() + lane_.shared_.settings.idle_timeout);
    else if (connection_)
      connection_->close();
    lane_.connections_.release(host_, origin_, stays_open ? std::optional{connection_} : std::nullopt);
    lane_.publish();
  }

  void hold(table::permit granted) {
    is_held_ = true;
    if (granted.idle)
      connection_ = std::move(*granted.idle);
    if (connection_ && !connection_->is_silent())
      discard();
  }

  void discard() {
    connection_->close();
    connection_ = nullptr;
  }

  std::shared_ptr<connection> connection_;
  bool is_reusable_ = false;

private:
  io_lane& lane_;
  std::string host_;
  std::string origin_;
  bool is_held_ = false;
};

io_lane::io_lane(lane_resources& shared, table::limits limits)
  : shared_(shared), connections_(limits, [](auto& unused) { unused->close(); }), thread_([this] { io_.run(); }) {}

io_lane::~io_lane() {
  io_.stop();
  thread_.join();
  connections_.close_idle();
}

void io_lane::interrupt(http_exchange& exchange) {
  if (exchange.wake)
    exchange.wake->cancel();
  if (exchange.in_use)
    exchange.in_use->close();
}

void io_lane::add_to(http_client_stats& sum) const {
  sum.stale_retries += stale_retries_;
  sum.connections_opened += opened_;
  sum.bytes_received += bytes_received_;
  sum.connections_open += open_;
  sum.connections_idle += idle_;
  sum.requests_waiting += waiting_;
}

void io_lane::publish() {
  open_.store(connections_.open(), std::memory_order_relaxed);
  idle_.store(connections_.idle(), std::memory_order_relaxed);
  waiting_.store(connections_.waiting(), std::memory_order_relaxed);
}

asio::awaitable<http_result> io_lane::ask(http_exchange& exchange, const http_url& url) {
  hop current{exchange, url, shared_.routes.route_to(url)};
  if (exchange.is_cancelled)
    co_return current.cancelled();
  place own{*this, url, current.origin};
  if (auto error = co_await wait_for_place(current, own))
    co_return std::move(*error);

  auto began = clock_type::now();
  auto total = setting_or(exchange.request.timeouts.total, shared_.settings.total_timeout);
  current.total_deadline = began + total - exchange.worked;
  exchange.in_use = own.connection_;
  auto result = co_await talk_again_if_stale(current, own);
  own.connection_ = std::exchange(exchange.in_use, nullptr);
  exchange.worked += clock_type::now() - began;
  co_return result;
}

asio::awaitable<std::optional<http_error>> io_lane::wait_for_place(hop& current, place& own) {
  auto& wake = *current.exchange.wake;
  std::optional<table::permit> granted;
  auto asked = connections_.acquire(current.url.host, current.origin, [&](table::permit found) {
    granted = std::move(found);
    wake.cancel();
  });
  publish();
  if (asked.kind == table::answer::refused)
    co_return current.fails(http_failure::overloaded, std::to_string(shared_.settings.max_waiting_requests)
                                                        + " requests wait for a connection already");
  if (asked.kind == table::answer::granted)
    granted = std::move(asked.granted);

  auto deadline = clock_type::now() + shared_.settings.queue_timeout;
  while (!granted && !current.exchange.is_cancelled && clock_type::now() < deadline) {
    wake.expires_at(deadline);
    boost::system::error_code ignored;
    co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (granted) {
    own.hold(std::move(*granted));
  } else {
    connections_.abandon(current.url.host, asked.waiting);
    publish();
  }
  if (current.exchange.is_cancelled)
    co_return current.cancelled();
  if (!granted)
    co_return current.fails(http_failure::timeout_queue, "no connection became free in time");
  co_return std::nullopt;
}

/// A kept connection may have been closed by the server while the request was on its way. If not a byte of a response
/// came and asking twice is harmless, the request is sent once more, on a new connection.
asio::awaitable<http_result> io_lane::talk_again_if_stale(hop& current, place& own) {
  auto& exchange = current.exchange;
  auto head = write_head(exchange.request, current.url, current.route, shared_.settings.user_agent);
  if (exchange.in_use) {
    auto first = co_await talk(current, head);
    auto is_stale = first.nothing_received && std::holds_alternative<http_error>(first.result)
                    && !exchange.is_cancelled && !exchange.in_use->has_expired()
                    && is_idempotent(exchange.request.method);
    own.is_reusable_ = first.can_continue;
    if (!is_stale)
      co_return std::move(first.result);
    ++stale_retries_;
    own.discard();
    exchange.in_use = nullptr;
  }
  if (auto error = co_await open(current))
    co_return std::move(*error);
  auto answer = co_await talk(current, head);
  own.is_reusable_ = answer.can_continue;
  co_return std::move(answer.result);
}

asio::awaitable<std::optional<http_error>> io_lane::open(hop& current) {
  auto& exchange = current.exchange;
  auto deadline = current.begin_phase(http_failure::timeout_connect, setting_or(exchange.request.timeouts.connect,
                                                                                shared_.settings.connect_timeout));
  auto addresses = co_await look_up(shared_.resolver, io_, current.route, *exchange.wake, deadline,
                                    [&exchange] { return exchange.is_cancelled.load(); });
  if (exchange.is_cancelled)
    co_return current.cancelled();
  if (addresses.empty() && clock_type::now() >= deadline)
    co_return current.timed_out();
  if (addresses.empty())
    co_return current.fails(http_failure::resolve, "host name " + current.route.host + " has no address");

  auto fresh = std::make_shared<connection>(io_);
  fresh->host = current.url.host;
  exchange.in_use = fresh;
  ++opened_;
  connection::watch(fresh, deadline, [this](auto& expired) {
    connections_.drop(expired->host, expired); // does nothing for one in use
    publish();
  });
  if (auto failure = co_await fresh->connect(addresses))
    co_return current.because(http_failure::connect, "cannot connect to " + current.peer_name() + ": "
                                                       + failure.message());
  if (current.route.kind == http_route::form::proxy_tunnel)
    if (auto error = co_await open_tunnel(current))
      co_return std::move(*error);
  if (current.url.scheme == "https")
    if (auto failure = co_await fresh->handshake(shared_.tls, current.url.host); !failure.empty())
      co_return current.because(http_failure::tls, "TLS handshake: " + failure);
  co_return std::nullopt;
}

asio::awaitable<std::optional<http_error>> io_lane::open_tunnel(hop& current) {
  auto& peer = *current.exchange.in_use;
  if (auto failure = co_await peer.write(write_connect(current.url, current.route), {}))
    co_return current.because(http_failure::proxy, "cannot ask the proxy for a tunnel: " + failure.message());
  response_reader reader{{shared_.settings.max_header_bytes, 0}, true, current.route.host};
  while (!reader.is_done()) {
    boost::system::error_code failure;
    auto count = co_await peer.read(reader.space(), failure);
    if (failure)
      co_return current.because(http_failure::proxy, "the proxy ended the connection: " + failure.message());
    if (auto error = reader.received(count))
      co_return current.because(http_failure::proxy, error->message);
  }
  auto answer = reader.take();
  auto status = std::holds_alternative<http_response>(answer) ? std::get<http_response>(answer).status : 0;
  if (status < 200 || status > 299)
    co_return current.fails(http_failure::proxy, "the proxy answered " + std::to_string(status)
                                                   + " when asked for a tunnel");
  co_return std::nullopt;
}

asio::awaitable<io_lane::reply> io_lane::talk(hop& current, const std::string& head) {
  auto& exchange = current.exchange;
  auto& request = exchange.request;
  auto& settings = shared_.settings;
  auto& peer = *exchange.in_use;
  peer.set_deadline(current.begin_phase(http_failure::timeout_first_byte,
                                        setting_or(request.timeouts.first_byte, settings.first_byte_timeout)));
  if (auto failure = co_await peer.write(head, request.body))
    co_return reply{current.because(http_failure::reset, "connection lost: " + failure.message()), false, true};

  auto limit = request.max_response_bytes > 0 ? request.max_response_bytes : settings.max_response_bytes;
  response_reader reader{{settings.max_header_bytes, limit}, request.method == "HEAD", authority_of(current.url)};
  while (!reader.is_done()) {
    boost::system::error_code failure;
    auto count = co_await peer.read(reader.space(), failure);
    if (failure && reader.bytes() == 0)
      co_return reply{current.because(http_failure::reset, "connection lost: " + failure.message()), false, true};
    if (failure && failure != asio::error::eof)
      co_return reply{current.because(http_failure::truncated, "connection lost: " + failure.message())};
    if (reader.bytes() == 0)
      peer.set_deadline(current.begin_last_phase());
    bytes_received_ += count;
    auto error = failure ? reader.ended() : reader.received(count);
    if (error)
      co_return reply{current.because(error->kind, error->message)};
    if (failure)
      break; // a body that lasts to the end of the stream
  }
  auto can_continue = reader.can_continue();
  co_return reply{reader.take(), can_continue};
}

} // namespace lode
