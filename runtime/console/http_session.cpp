#include "runtime/console/http_session.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <iomanip>
#include <random>
#include <sstream>

#include "messages/type_ids.hpp"
#include "runtime/console/at_end.hpp"
#include "runtime/console/client_stream.hpp"
#include "runtime/console/handler_calls.hpp"
#include "runtime/console/request_reader.hpp"
#include "runtime/console/response_writer.hpp"

namespace lode {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr uint32_t header_limit = 16 * 1024;
/// Nodes send each other messages of 256 KiB at most.
constexpr uint64_t hook_body_limit = 192 * 1024;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Under which the client may ask for the same again.
std::string command_of(std::string_view given) {
  if (!given.empty())
    return std::string{given};
  static thread_local std::random_device device;
  std::ostringstream out;
  out << std::hex << std::setfill('0');
  for (int i = 0; i < 4; ++i)
    out << std::setw(8) << static_cast<uint32_t>(device());
  return std::move(out).str();
}

std::string address_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  return failed ? "" : peer.address().to_string();
}

api_response refusal_of(const access_verdict& verdict) {
  switch (verdict.is) {
    case access_answer::too_many: {
      auto out = error_response(429, "too_many_requests", "this address gave too many wrong tokens; ask again in "
                                                            + std::to_string(verdict.retry_after.count()) + " s");
      out.retry_after = static_cast<int>(verdict.retry_after.count());
      return out;
    }
    case access_answer::foreign:
      return error_response(403, "unauthorized", "without a token only programs on this machine may ask, by its loopback address");
    case access_answer::no_token:
      return error_response(401, "unauthorized", "this node answers only who carries a token of its console.token_file (HTTP: a bearer token; "
                                                 "CLI: --token-file or LODE_TOKEN)");
    default:
      return error_response(401, "unauthorized", "this is none of the tokens of the node's console.token_file; lode token new makes one");
  }
}

class session {
public:
  session(std::unique_ptr<client_stream> stream, std::string peer, session_parts& parts)
    : stream_(std::move(stream)), peer_(std::move(peer)), parts_(parts) {}

  asio::awaitable<void> run() {
    stream_->tcp().expires_after(parts_.limits.handshake);
    auto failed = co_await stream_->handshake();
    if (failed)
      co_return;
    while (co_await one_request()) {
    }
    co_await stream_->end();
  }

private:
  /// False: the connection ends.
  asio::awaitable<bool> one_request() {
    request_parser parser;
    parser.body_limit(body_limit_ = parts_.max_body);
    parser.header_limit(header_limit);
    auto failed = co_await reader_.read_head(parser);
    if (failed == http::error::end_of_stream || (failed && !request_reader::is_protocol_error(failed)))
      co_return false;
    if (failed)
      co_return co_await refuse_bytes(failed);
    api_request request;
    api_response refusal;
    const auto* to = admit(parser.get(), request, refusal);
    if (!to)
      co_return co_await refuse(refusal, parser);
    if (to->access == route_access::live)
      co_return co_await become_live(*to, request, parser);
    if (to->access == route_access::hook)
      co_return co_await hear_hook(*to, std::move(request), parser);
    if (!co_await read_body(parser))
      co_return false;
    request.body = std::move(parser.get().body());
    api_response response; // no co_await inside ?: here: g++ 12 destroys such a result twice
    if (to->access == route_access::stored)
      response = co_await answer_when_ready(*to, request);
    else
      response = answer_here(parts_, *to, request);
    co_return co_await writer_.send(response, parser.get().version(), parser.get().keep_alive());
  }

  /// Route and permission, known before the body is read. Hooks have signatures instead of tokens.
  const route* admit(const http::request<http::string_body>& head, api_request& request, api_response& refusal) {
    request.method = view(head.method_string());
    if (!parse_target(view(head.target()), request)) {
      refusal = error_response(400, "bad_argument", "the request target is malformed");
      return nullptr;
    }
    request.accepts_gzip = takes_gzip(view(head[http::field::accept_encoding]));
    if (request.method != "GET" && request.method != "HEAD")
      request.command = command_of(view(head["Idempotency-Key"]));
    const auto* to = parts_.routes.find(request, refusal);
    request.is_authorised = false;
    if (to && to->access == route_access::hook)
      return to;
    for (const auto& [name, value] : request.query)
      if (is_secret_parameter(name)) {
        // In words that the masking of secrets leaves alone.
        refusal = error_response(400, "bad_argument", "the query carries a secret, in its parameter " + name + ". Proxies and histories keep URLs; a "
                                                        "token belongs in the head of the request, as a bearer token. Take this one as known to others");
        return nullptr;
      }
    const auto verdict = parts_.access.judge({view(head[http::field::authorization]), view(head[http::field::host]),
                                              view(head[http::field::origin]), peer_, stream_->is_secure()});
    request.is_authorised = verdict.is == access_answer::granted;
    // Browsers cannot send a token when they open a WebSocket.
    const bool may_come_later = to && to->access == route_access::live && verdict.is == access_answer::no_token;
    if (request.is_authorised || may_come_later || (to && to->access == route_access::open))
      return to;
    refusal = refusal_of(verdict);
    return nullptr;
  }

  asio::awaitable<bool> read_body(request_parser& parser) {
    if (parser.get()[http::field::expect] == "100-continue") {
      const std::string go_on{"HTTP/1.1 100 Continue\r\n\r\n"};
      if (!co_await writer_.write(go_on))
        co_return false;
    }
    auto failed = co_await reader_.read_body(parser, body_limit_);
    if (failed && request_reader::is_protocol_error(failed))
      co_await refuse_bytes(failed);
    co_return !failed;
  }

  /// The connection is a live socket from then on.
  asio::awaitable<bool> become_live(const route& to, const api_request& request, request_parser& parser) {
    if (!beast::websocket::is_upgrade(parser.get())) {
      auto refusal = answer_here(parts_, to, request);
      co_return co_await refuse(refusal, parser);
    }
    live_socket_parts parts{parts_.topics, [this, is_known = request.is_authorised](std::string_view token) {
                              return is_known || parts_.access.judge_token(token, peer_).is == access_answer::granted;
                            }};
    co_await stream_->converse_live(parser.release(), std::move(parts));
    co_return false;
  }

  /// Of the head the request takes what a signature may cover. After the answer the connection ends where hooks use many.
  asio::awaitable<bool> hear_hook(const route& to, api_request request, request_parser& parser) {
    const auto& head = parser.get();
    request.target = view(head.target());
    for (const auto& field : head)
      request.headers.emplace_back(view(field.name_string()), view(field.value()));
    parser.body_limit(body_limit_ = std::min(parts_.max_body, hook_body_limit));
    const auto length = parser.content_length();
    if (length && *length > body_limit_) {
      parts_.services.node->webhook_answered(413);
      co_return co_await refuse_bytes(http::error::body_limit);
    }
    if (!co_await read_body(parser))
      co_return false;
    request.body = std::move(parser.get().body());
    auto response = co_await answer_hook(parts_, to, std::move(request));
    if (to.method == "POST")
      parts_.services.node->webhook_answered(response.status);
    const bool is_crowded = parts_.open_hooks > max_open_hooks / 2;
    co_return co_await writer_.send(response, parser.get().version(), parser.get().keep_alive() && !is_crowded);
  }

  /// Between two answers by a worker it waits for the feed that the first one names.
  asio::awaitable<api_response> answer_when_ready(const route& to, api_request& request) {
    const auto arrived = feed_watch::clock::now();
    auto response = co_await answer_by_worker(parts_, to, request);
    while (response.waits_for) {
      const auto waits = *response.waits_for;
      auto moves = co_await parts_.watch.moves(waits.shard, waits.position, arrived + waits.at_most, stream_->tcp().socket());
      if (!moves)
        break;
      request.query["after"] = waits.after;
      response = co_await answer_by_worker(parts_, to, request);
    }
    co_return response;
  }

  /// What cannot be read as a request.
  asio::awaitable<bool> refuse_bytes(beast::error_code failed) {
    auto is_body = failed == http::error::body_limit;
    auto is_head = failed == http::error::header_limit;
    auto message = is_body   ? "the body is longer than " + std::to_string(body_limit_)
                                 + (body_limit_ == parts_.max_body ? " bytes (console.max_body)" : " bytes, the most that a webhook may have")
                   : is_head ? "the head is longer than " + std::to_string(header_limit) + " bytes"
                             : "not an HTTP request: " + failed.message();
    auto response = error_response(is_body ? 413 : is_head ? 431 : 400, "bad_argument", message);
    co_await writer_.send(response, 11, false);
    co_await stream_->end();
    co_await reader_.drain();
    co_return false;
  }

  /// The body was not read, so the connection can only go on if there is none.
  asio::awaitable<bool> refuse(api_response& refusal, request_parser& parser) {
    auto has_body = !parser.is_done();
    auto goes_on = co_await writer_.send(refusal, parser.get().version(), parser.get().keep_alive() && !has_body);
    if (has_body) {
      co_await stream_->end();
      co_await reader_.drain();
    }
    co_return goes_on;
  }

  std::unique_ptr<client_stream> stream_;
  std::string peer_;
  session_parts& parts_;
  request_reader reader_{*stream_, parts_.limits};
  response_writer writer_{*stream_, parts_};
  uint64_t body_limit_ = parts_.max_body; ///< of the present request
};

} // namespace

asio::awaitable<void> converse(asio::ip::tcp::socket socket, session_parts& parts) {
  const auto& limits = parts.limits;
  const auto peer = address_of(socket);
  const auto place = attempt_address(peer);
  const auto others = parts.open_by_address.find(place);
  if (parts.open_sessions >= limits.conversations || (others != parts.open_by_address.end() && others->second >= limits.of_one_address))
    co_return;
  ++parts.open_sessions;
  ++parts.open_by_address[place];
  at_end leave{[&parts, place] {
    --parts.open_sessions;
    if (--parts.open_by_address[place] == 0)
      parts.open_by_address.erase(place);
  }};
  session one{make_client_stream(std::move(socket), parts.tls.get()), peer, parts};
  co_await one.run();
}

} // namespace lode
