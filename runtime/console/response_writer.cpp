#include "runtime/console/response_writer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http.hpp>

#include <sstream>

#include "messages/type_ids.hpp"
#include "runtime/console/handler_calls.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string head_text(const api_response& response, unsigned version, bool keep_alive, bool is_chunked, bool is_secure) {
  http::response<http::empty_body> out{static_cast<http::status>(response.status), version};
  out.set(http::field::server, "lode");
  out.set(http::field::content_type, response.content_type);
  out.set(http::field::cache_control, "no-store");
  out.set("X-Content-Type-Options", "nosniff");
  out.set("X-Frame-Options", "DENY");
  out.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  out.set("Referrer-Policy", "no-referrer");
  out.set("Cross-Origin-Resource-Policy", "same-origin");
  if (is_secure)
    out.set("Strict-Transport-Security", "max-age=31536000");
  if (!response.allow.empty())
    out.set(http::field::allow, response.allow);
  if (response.retry_after > 0)
    out.set(http::field::retry_after, std::to_string(response.retry_after));
  if (response.status == 401)
    out.set(http::field::www_authenticate, "Bearer");
  for (const auto& [name, value] : response.headers)
    out.set(name, value);
  if (is_chunked)
    out.chunked(true);
  else if (!response.more)
    out.content_length(response.body.size());
  out.keep_alive(keep_alive);
  std::ostringstream text;
  text << out.base();
  return std::move(text).str();
}

asio::awaitable<bool> response_writer::send(api_response& response, unsigned version, bool keep_alive) {
  if (response.more)
    co_return co_await send_in_chunks(response, version, keep_alive);
  auto text = head_text(response, version, keep_alive, false, to_.is_secure()) + response.body;
  auto is_written = co_await write(text);
  co_return is_written && keep_alive;
}

asio::awaitable<bool> response_writer::send_in_chunks(api_response& response, unsigned version, bool keep_alive) {
  auto is_chunked = version >= 11;
  auto text = head_text(response, version, keep_alive && is_chunked, is_chunked, to_.is_secure());
  if (!co_await write(text))
    co_return false;
  if (!co_await send_piece(response.body, is_chunked))
    co_return false;
  for (auto goes_on = true; goes_on;) {
    std::string piece;
    caf::error broken;
    goes_on = co_await asio::co_spawn(parts_.workers, produce(response.more, piece, broken), asio::use_awaitable);
    if (broken) {
      log_warning("a download broke off: " + message_of(broken), context_of(response.named));
      co_return false; // without the last chunk, so that the client sees it
    }
    if (!co_await send_piece(piece, is_chunked))
      co_return false;
  }
  if (!is_chunked)
    co_return false;
  text = beast::buffers_to_string(http::make_chunk_last());
  auto is_written = co_await write(text);
  co_return is_written && keep_alive;
}

asio::awaitable<bool> response_writer::produce(api_response::producer& more, std::string& piece, caf::error& broken) {
  lent_stores stores{parts_};
  auto goes_on = more(*stores, piece);
  if (!goes_on)
    broken = goes_on.error();
  co_return goes_on && *goes_on;
}

asio::awaitable<bool> response_writer::send_piece(const std::string& piece, bool is_chunked) {
  if (piece.empty())
    co_return true;
  auto text = is_chunked ? beast::buffers_to_string(http::make_chunk(asio::buffer(piece))) : piece;
  co_return co_await write(text); // no temporary within ?: here: g++ 12 destroys it twice
}

asio::awaitable<bool> response_writer::write(const std::string& text) {
  to_.tcp().expires_after(parts_.limits.write);
  auto failed = co_await to_.write(asio::buffer(text));
  co_return !failed;
}

} // namespace lode
