#include "tests/simapi/live/hook_client.hpp"

#include "tests/simapi/transport.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace simapi {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

http::request<http::string_body> framed(const hook_request& from) {
  http::request<http::string_body> made{http::string_to_verb(from.method), from.to.path, 11};
  made.set(http::field::host, from.to.server());
  made.set(http::field::user_agent, "simapi-hooks");
  for (const auto& [name, value] : from.headers)
    made.set(name, value);
  if (!from.body.empty())
    made.set(http::field::content_type, "application/json");
  made.body() = from.body;
  made.prepare_payload();
  return made;
}

asio::awaitable<boost::system::error_code> connect(beast::tcp_stream& over, const hook_url& to) {
  boost::system::error_code is_name, ignored;
  std::vector<tcp::endpoint> places{{asio::ip::make_address(to.host, is_name), to.port}};
  if (is_name) {
    tcp::resolver resolver{over.get_executor()};
    auto [unresolved, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), quietly);
    if (unresolved)
      co_return unresolved;
    places.assign(found.begin(), found.end());
  }
  auto [error, place] = co_await over.async_connect(places, quietly);
  if (!error)
    over.socket().set_option(tcp::no_delay(true), ignored);
  co_return error;
}

hook_answer failed(const boost::system::error_code& error, const char* doing, bool was_handed_over) {
  return {0, was_handed_over, {}, std::string{doing} + ": " + error.message(), error == beast::error::timeout};
}

} // namespace

asio::awaitable<hook_answer> hook_client::try_over(connection& over, const hook_request& what) {
  over->expires_after(std::chrono::milliseconds(what.timeout_ms));
  if (!over->socket().is_open())
    if (auto error = co_await connect(*over, what.to)) {
      over.reset();
      co_return failed(error, "connect", false);
    }
  auto request = framed(what);
  auto [unsent, sent] = co_await http::async_write(*over, request, quietly);
  if (unsent) {
    over.reset();
    co_return failed(unsent, "send", true);
  }
  beast::flat_buffer buffer;
  http::response<http::string_body> answer;
  auto [unread, count] = co_await http::async_read(*over, buffer, answer, quietly);
  if (unread) {
    over.reset();
    co_return failed(unread, "read the answer", true);
  }
  if (!answer.keep_alive())
    over.reset();
  co_return hook_answer{static_cast<int>(answer.result_int()), true, std::move(answer.body()), {}, false};
}

asio::awaitable<hook_answer> hook_client::ask(const hook_request& what) {
  auto name = what.to.server();
  connection over;
  auto& kept = kept_[name];
  bool is_used = !kept.empty();
  if (is_used) {
    over = std::move(kept.back());
    kept.pop_back();
  } else {
    over = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
  }
  auto answer = co_await try_over(over, what);
  if (answer.status == 0 && is_used && !answer.timed_out) {
    // The server may have closed what was kept: that is no failed attempt.
    over = std::make_unique<beast::tcp_stream>(co_await asio::this_coro::executor);
    answer = co_await try_over(over, what);
    answer.was_handed_over = true;
  }
  if (over && answer.status != 0)
    kept_[name].push_back(std::move(over));
  co_return answer;
}

} // namespace simapi
