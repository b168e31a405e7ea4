#include "runtime/websocket/websocket_session.hpp"

#include "runtime/http/request_head.hpp"
#include "runtime/http/response_reader.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>

namespace lode {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

namespace {

constexpr size_t write_buffer_bytes = 1024;

/// Windows of 4 KB and 1 KB: an open socket keeps them while it is idle.
websocket::permessage_deflate small_windows() {
  websocket::permessage_deflate options;
  options.client_enable = true;
  options.server_max_window_bits = 12;
  options.client_max_window_bits = 10;
  options.client_no_context_takeover = true;
  options.memLevel = 2;
  return options;
}

bool is_loss(const boost::system::error_code& failure) {
  return failure.category() == asio::error::get_system_category() || failure == asio::error::eof
         || failure.category() == asio::error::get_ssl_category() || failure == asio::ssl::error::stream_truncated
         || failure == http::error::end_of_stream || failure == http::error::partial_message;
}

} // namespace

/// A place among the sockets that are being opened to one host, given back at the end of its scope.
struct websocket_session::opening {
  opening(websocket_lane& lane, std::string host) : table(lane.openings), host(std::move(host)) {}
  opening(const opening&) = delete;
  opening& operator=(const opening&) = delete;
  ~opening() {
    if (is_held)
      table.release(host, {}, std::nullopt);
  }

  websocket_lane::opening_table& table;
  std::string host;
  bool is_held = false;
};

asio::awaitable<void> websocket_session::open() {
  opening current{lane_, url_.host};
  co_await wait_for_turn(current);
  if (has_ended())
    co_return;
  deadline_ = clock::now() + request_->connect_timeout;
  arm(*deadline_);
  auto route = lane_.shared.routes.route_to(url_);
  co_await connect(route);
  if (!has_ended() && route.kind != http_route::form::direct)
    co_await open_tunnel(route);
  if (!has_ended() && url_.scheme == "https")
    co_await secure();
  if (!has_ended())
    co_await upgrade();
}

asio::awaitable<void> websocket_session::wait_for_turn(opening& current) {
  auto asked = current.table.acquire(current.host, {}, [this, &current](auto) {
    current.is_held = true;
    gate_.cancel();
  });
  current.is_held = asked.kind == websocket_lane::opening_table::answer::granted;
  while (!current.is_held && !has_ended()) {
    gate_.expires_at(clock::time_point::max());
    error_code ignored;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!current.is_held)
    current.table.abandon(current.host, asked.waiting);
}

asio::awaitable<void> websocket_session::connect(const http_route& route) {
  auto addresses = co_await look_up(lane_.shared.resolver, lane_.io, route, gate_, *deadline_,
                                    [this] { return has_ended(); });
  if (has_ended())
    co_return;
  if (addresses.empty() && clock::now() >= *deadline_)
    co_return end(websocket_end::timeout_connect, "the host's name was not resolved in time");
  if (addresses.empty())
    co_return end(websocket_end::resolve, "host name " + route.host + " has no address");
  auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(request_->idle_timeout);
  if (auto failure = co_await stream_.next_layer().connect(addresses, patience))
    end(websocket_end::connect, "cannot connect to " + route.host + ":" + std::to_string(route.port) + ": "
                                  + failure.message());
}

asio::awaitable<void> websocket_session::open_tunnel(const http_route& route) {
  auto& layer = stream_.next_layer();
  auto question = write_connect(url_, route);
  error_code failure;
  co_await asio::async_write(layer, asio::buffer(question), asio::redirect_error(asio::use_awaitable, failure));
  response_reader reader{{lane_.shared.settings.network.max_header_bytes, 0}, true, route.host};
  while (!failure && !reader.is_done()) {
    auto count = co_await layer.async_read_some(reader.space(), asio::redirect_error(asio::use_awaitable, failure));
    if (failure)
      break;
    if (auto error = reader.received(count))
      co_return end(websocket_end::proxy, error->message);
  }
  if (failure)
    co_return end(websocket_end::proxy, "the proxy ended the connection: " + failure.message());
  auto answer = reader.take();
  auto status = std::holds_alternative<http_response>(answer) ? std::get<http_response>(answer).status : 0;
  if (status < 200 || status > 299)
    end(websocket_end::proxy, "the proxy answered " + std::to_string(status) + " when asked for a tunnel");
}

asio::awaitable<void> websocket_session::secure() {
  auto failure = co_await stream_.next_layer().handshake(lane_.shared.tls, url_.host);
  if (!failure.empty())
    end(websocket_end::tls, "TLS handshake: " + failure);
}

void websocket_session::set_options() {
  stream_.read_message_max(request_->max_message_bytes);
  stream_.write_buffer_bytes(write_buffer_bytes);
  stream_.auto_fragment(false); // not every server puts fragments together
  stream_.text(true);
  if (request_->permessage_deflate)
    stream_.set_option(small_windows());
  stream_.set_option(websocket::stream_base::decorator([this](websocket::request_type& head) {
    for (auto& header : upgrade_headers(*request_, lane_.shared.settings.network.user_agent))
      head.insert(header.name, header.value);
  }));
}

asio::awaitable<void> websocket_session::upgrade() {
  set_options();
  answer_ = std::make_unique<upgrade_answer>();
  error_code failure;
  co_await stream_.async_handshake(host_field(url_), url_.target, asio::redirect_error(asio::use_awaitable, failure));
  if (!has_ended())
    judge_answer(failure);
  if (has_ended())
    co_return;
  stream_.next_layer().read_ahead();
  auto now = clock::now();
  liveness_.start(now);
  heard_at_ = now.time_since_epoch().count();
  deadline_.reset();
  is_open_ = true;
  arm(liveness_.next());
}

void websocket_session::judge_answer(const error_code& failure) {
  if (answer_->is_declined()) {
    auto status = answer_->status();
    end(status == 401 || status == 403 ? websocket_end::unauthorized : websocket_end::refused,
        "the upgrade was answered with status " + std::to_string(status));
    verdict_->status = status;
    verdict_->headers = std::move(answer_->headers());
  } else if (failure && is_loss(failure)) {
    end(websocket_end::reset, "connection lost during the upgrade: " + failure.message());
  } else if (failure) {
    end(websocket_end::protocol_error, "the answer to the upgrade is not valid: " + failure.message());
  } else if (auto wrong = check_choice(*request_, answer_->headers())) {
    end(websocket_end::protocol_error, *wrong);
  }
}

} // namespace lode
