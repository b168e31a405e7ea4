// One connection of the data port: read a request, let its latency pass, answer, with the faults of the transport.
#include "tests/simapi/conversation.hpp"

#include "tests/simapi/live/session.hpp"
#include "tests/simapi/transport.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <array>

namespace simapi {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using http_request = http::request<http::string_body>;

request understand(http_request& from) {
  request ask;
  ask.post = from.method() == http::verb::post;
  ask.target = std::string{from.target()};
  auto question = ask.target.find('?');
  ask.path = ask.target.substr(0, question);
  if (question != std::string::npos)
    ask.query = parameters{std::string_view{ask.target}.substr(question + 1)};
  auto header = [&](auto name) {
    auto found = from[name];
    return std::string_view{found.data(), found.size()};
  };
  ask.host = safe_host(header(http::field::host));
  auto authorization = header(http::field::authorization);
  if (authorization.starts_with("Bearer "))
    ask.bearer = authorization.substr(7);
  ask.shop_key = header("X-Shop-Access-Token");
  ask.accepts_gzip = header(http::field::accept_encoding).find("gzip") != std::string_view::npos;
  ask.upgrades = beast::websocket::is_upgrade(from);
  ask.body = std::move(from.body());
  return ask;
}

/// The first `count` bytes of head and body, or all of them.
std::array<asio::const_buffer, 4> buffers_of(const exchange& of, size_t body_bytes) {
  std::array<asio::const_buffer, 4> result{asio::buffer(of.head)};
  auto part = [&](std::string_view text) {
    auto taken = std::min(text.size(), body_bytes);
    body_bytes -= taken;
    return asio::buffer(text.data(), taken);
  };
  result[1] = part(of.reply.prefix);
  result[2] = part(of.reply.block ? std::string_view{of.reply.block->text} : std::string_view{});
  result[3] = part(of.reply.suffix);
  return result;
}

enum class outcome { keep, close, upgrade };

template <class Stream>
asio::awaitable<bool> send(Stream& stream, const exchange& of, size_t body_bytes) {
  auto [error, count] = co_await asio::async_write(stream, buffers_of(of, body_bytes), quietly);
  co_return !error;
}

/// Half a body, a pause, and the rest.
template <class Stream>
asio::awaitable<bool> send_with_stall(Stream& stream, exchange& of) {
  auto half = of.reply.body_size() / 2;
  if (!co_await send(stream, of, half))
    co_return false;
  if (of.spoiled->delay_ms == 0) {
    co_await wait_for_end(stream);
    co_return false;
  }
  co_await wait(of.spoiled->delay_ms);
  std::string whole = of.reply.prefix + (of.reply.block ? of.reply.block->text : "") + of.reply.suffix;
  auto [error, count] = co_await asio::async_write(stream, asio::buffer(whole) + half, quietly);
  co_return !error;
}

/// Sends the prepared answer the way the fault wants it. True if the client has got all of it.
template <class Stream>
asio::awaitable<bool> deliver(Stream& stream, exchange& of, outcome& then) {
  auto kind = of.spoiled ? of.spoiled->kind : fault_kind::none;
  if (kind == fault_kind::stall_mid_body)
    co_return co_await send_with_stall(stream, of);
  if (kind != fault_kind::truncated_body && kind != fault_kind::reset)
    co_return co_await send(stream, of, of.reply.body_size());
  then = outcome::close;
  co_await send(stream, of, of.reply.body_size() / 2);
  if (kind == fault_kind::reset)
    reset(tcp_of(stream));
  co_return false;
}

template <class Stream>
asio::awaitable<outcome> answer_one(Stream& stream, simulation& sim, exchange& of) {
  auto finish = [&](bool completed) {
    std::scoped_lock lock{sim.mutex};
    sim.finish(of, completed);
  };
  {
    std::scoped_lock lock{sim.mutex};
    sim.begin(of);
  }
  if (of.delay_ms > 0)
    co_await wait(of.delay_ms);
  auto kind = of.spoiled ? of.spoiled->kind : fault_kind::none;
  if (kind == fault_kind::hang || (kind == fault_kind::reset && !of.spoiled->in_body)) {
    if (kind == fault_kind::hang)
      co_await wait_for_end(stream);
    else
      reset(tcp_of(stream));
    finish(false);
    co_return outcome::close;
  }
  {
    std::scoped_lock lock{sim.mutex};
    sim.prepare(of);
  }
  if (of.reply.status == 101) {
    finish(true);
    co_return outcome::upgrade;
  }
  auto then = outcome::keep;
  bool completed = co_await deliver(stream, of, then);
  finish(completed);
  co_return completed ? then : outcome::close;
}

template <class Stream>
asio::awaitable<void> serve(Stream& stream, simulation& sim) {
  beast::flat_buffer buffer;
  for (bool goes_on = true; goes_on;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(1 << 20);
    auto [error, count] = co_await http::async_read(stream, buffer, parser, quietly);
    if (error)
      co_return;
    goes_on = parser.get().keep_alive();
    exchange of;
    of.ask = understand(parser.get());
    auto then = co_await answer_one(stream, sim, of);
    if (then == outcome::upgrade)
      co_await run_live_session(stream, sim, *of.what.who, std::move(parser.get()));
    if (then != outcome::keep)
      co_return;
  }
}

} // namespace

asio::awaitable<void> converse(tcp_socket socket, simulation& sim) {
  co_await serve(socket, sim);
  close_orderly(socket);
}

asio::awaitable<void> converse(tls_socket socket, simulation& sim) {
  auto [error] = co_await socket.async_handshake(asio::ssl::stream_base::server, quietly);
  if (!error)
    co_await serve(socket, sim);
  close_orderly(socket.next_layer());
}

} // namespace simapi
