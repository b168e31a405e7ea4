#include "runtime/console/http_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <iomanip>
#include <random>
#include <sstream>

#include "messages/type_ids.hpp"
#include "runtime/console/at_end.hpp"
#include "runtime/console/hook_answers.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

constexpr auto idle_limit = 60s;
constexpr auto write_limit = 60s;
constexpr uint32_t header_limit = 16 * 1024;
/// Nodes send each other messages of 256 KiB at most.
constexpr uint64_t hook_body_limit = 192 * 1024;
/// Webhooks that are answered at once: half of the conversations, so that there is always room for people.
constexpr int max_open_hooks = 256;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

using request_parser = http::request_parser<http::string_body>;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Lends one set of stores to a worker.
class lent_stores {
public:
  explicit lent_stores(session_parts& parts) : parts_(parts) {
    std::scoped_lock lock{parts_.guard};
    stores_ = std::move(parts_.free_stores.back());
    parts_.free_stores.pop_back();
  }
  ~lent_stores() {
    std::scoped_lock lock{parts_.guard};
    parts_.free_stores.push_back(std::move(stores_));
  }
  console_stores& operator*() noexcept { return stores_; }

private:
  session_parts& parts_;
  console_stores stores_;
};

/// `named`: what a path names by the {names} of its route; it outlives the context.
log_context context_of(const std::map<std::string, std::string>& named) {
  auto value = [&](const std::string& name) {
    auto found = named.find(name);
    return found == named.end() ? std::string_view{} : std::string_view{found->second};
  };
  return {.tenant = value("tenant"), .connection = value("connection"), .stream = value("stream")};
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

api_response call(const route& to, const api_request& request, api_context& context) {
  try {
    auto answer = to.handle(request, context);
    if (!answer)
      return error_response(answer.error());
    answer->named = request.parameters;
    return std::move(*answer);
  } catch (const std::exception& e) {
    log_error("answering " + to.method + " " + to.pattern + ": " + e.what(), context_of(request.parameters));
    return error_response(500, "internal", "a defect in answering this request; see the node's log");
  }
}

class session {
public:
  session(asio::ip::tcp::socket socket, session_parts& parts) : stream_(std::move(socket)), parts_(parts) {
    ++parts_.open_sessions;
  }
  ~session() { --parts_.open_sessions; }

  asio::awaitable<void> run() {
    while (co_await one_request()) {
    }
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

private:
  /// False: the connection ends.
  asio::awaitable<bool> one_request() {
    request_parser parser;
    parser.body_limit(body_limit_ = parts_.max_body);
    parser.header_limit(header_limit);
    stream_.expires_after(idle_limit);
    auto [failed, size] = co_await http::async_read_header(stream_, buffer_, parser, no_throw);
    if (failed == http::error::end_of_stream || failed == beast::error::timeout || (failed && !is_protocol_error(failed)))
      co_return false;
    if (failed)
      co_return co_await refuse_bytes(failed);
    api_request request;
    api_response refusal;
    const auto* to = admit(parser.get(), request, refusal);
    if (!to)
      co_return co_await refuse(refusal, parser);
    if (to->access == route_access::hook)
      co_return co_await hear_hook(*to, std::move(request), parser);
    if (!co_await read_body(parser))
      co_return false;
    request.body = std::move(parser.get().body());
    api_response response; // no co_await inside ?: here: g++ 12 destroys such a result twice
    if (to->access == route_access::stored)
      response = co_await answer_when_ready(*to, request);
    else
      response = answer_here(*to, request);
    co_return co_await send(response, parser.get().version(), parser.get().keep_alive());
  }

  static bool is_protocol_error(const beast::error_code& failed) {
    return failed.category() == http::make_error_code(http::error::bad_method).category()
           && failed != http::error::partial_message;
  }

  /// Route and permission, known before the body is read.
  const route* admit(const http::request<http::string_body>& head, api_request& request, api_response& refusal) {
    request.method = view(head.method_string());
    if (!parse_target(view(head.target()), request)) {
      refusal = error_response(400, "bad_argument", "the request target is malformed");
      return nullptr;
    }
    request.is_authorised = parts_.access.is_authorised(
      {view(head[http::field::authorization]), view(head[http::field::host]), view(head[http::field::origin])});
    if (request.method != "GET" && request.method != "HEAD")
      request.command = command_of(view(head["Idempotency-Key"]));
    const auto* to = parts_.routes.find(request, refusal);
    if (request.is_authorised || (to && (to->access == route_access::open || to->access == route_access::hook)))
      return to;
    refusal = parts_.access.has_token()
                ? error_response(401, "unauthorized", "this node answers only who carries the token of its console.token_file (HTTP: a bearer token; CLI: --token-file)")
                : error_response(403, "unauthorized", "without a token only programs on this machine may ask, by its loopback address");
    return nullptr;
  }

  asio::awaitable<bool> read_body(request_parser& parser) {
    if (parser.get()[http::field::expect] == "100-continue") {
      const std::string go_on{"HTTP/1.1 100 Continue\r\n\r\n"};
      if (!co_await write(go_on))
        co_return false;
    }
    stream_.expires_after(idle_limit);
    auto [failed, size] = co_await http::async_read(stream_, buffer_, parser, no_throw);
    if (failed && is_protocol_error(failed))
      co_await refuse_bytes(failed);
    co_return !failed;
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
    auto response = co_await answer_hook(to, std::move(request));
    if (to.method == "POST")
      parts_.services.node->webhook_answered(response.status);
    const bool is_crowded = parts_.open_hooks > max_open_hooks / 2;
    co_return co_await send(response, parser.get().version(), parser.get().keep_alive() && !is_crowded);
  }

  asio::awaitable<api_response> answer_hook(const route& to, api_request request) {
    if (!parts_.services.webhooks)
      co_return hook_refusal(caf::make_error(errc::not_found, "this node hears no webhooks"));
    if (parts_.open_hooks >= max_open_hooks)
      co_return hook_refusal(caf::make_error(errc::store_unavailable, "too many webhooks are on their way"));
    ++parts_.open_hooks;
    at_end leave{[this] { --parts_.open_hooks; }};
    const auto until = late_answers::clock::now() + parts_.services.webhook_deadline;
    auto start = [this, &to, until, request = std::make_shared<const api_request>(std::move(request))](const api_response::tell& tell) {
      // The session may be gone when its turn comes: only what outlives it is taken along.
      asio::post(parts_.hook_worker, [&parts = parts_, &to, until, request, tell] {
        if (late_answers::clock::now() < until)
          answer_by_hook_worker(parts, to, *request, tell);
      });
    };
    auto answer = co_await parts_.late->wait(start, until);
    if (answer)
      co_return std::move(*answer);
    co_return hook_refusal(caf::make_error(errc::store_unavailable, "it was not committed in time; sent again it does no harm"));
  }

  static void answer_by_hook_worker(session_parts& parts, const route& to, const api_request& request, const api_response::tell& tell) {
    console_stores none;
    api_context context{none, parts.services};
    auto response = call(to, request, context);
    if (response.later)
      response.later(tell);
    else
      tell(std::move(response));
  }

  api_response answer_here(const route& to, const api_request& request) {
    console_stores none;
    api_context context{none, parts_.services};
    return call(to, request, context);
  }

  /// Between two answers by a worker it waits for the feed that the first one names.
  asio::awaitable<api_response> answer_when_ready(const route& to, api_request& request) {
    const auto arrived = feed_watch::clock::now();
    auto response = co_await answer_by_worker(to, request);
    while (response.waits_for) {
      const auto waits = *response.waits_for;
      auto moves = co_await parts_.watch.moves(waits.shard, waits.position, arrived + waits.at_most, stream_.socket());
      if (!moves)
        break;
      request.query["after"] = waits.after;
      response = co_await answer_by_worker(to, request);
    }
    co_return response;
  }

  asio::awaitable<api_response> answer_by_worker(const route& to, const api_request& request) {
    co_return co_await asio::co_spawn(parts_.workers, answer_with_stores(to, request), asio::use_awaitable);
  }

  asio::awaitable<api_response> answer_with_stores(const route& to, const api_request& request) {
    lent_stores stores{parts_};
    api_context context{*stores, parts_.services};
    co_return call(to, request, context);
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
    co_await send(response, 11, false);
    co_await drain();
    co_return false;
  }

  /// The body was not read, so the connection can only go on if there is none.
  asio::awaitable<bool> refuse(api_response& refusal, request_parser& parser) {
    auto has_body = !parser.is_done();
    auto goes_on = co_await send(refusal, parser.get().version(), parser.get().keep_alive() && !has_body);
    if (has_body)
      co_await drain();
    co_return goes_on;
  }

  /// Reads a little of what the client still sends: closing on unread data would reset the connection and the client
  /// would not see the answer.
  asio::awaitable<void> drain() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    std::array<char, 16 * 1024> waste;
    stream_.expires_after(2s);
    for (size_t seen = 0; seen < (1u << 20);) {
      auto [failed, size] = co_await stream_.async_read_some(asio::buffer(waste), no_throw);
      if (failed)
        break;
      seen += size;
    }
  }

  asio::awaitable<bool> send(api_response& response, unsigned version, bool keep_alive) {
    if (response.more)
      co_return co_await send_in_chunks(response, version, keep_alive);
    auto head = head_of(response, version);
    head.keep_alive(keep_alive);
    head.content_length(response.body.size());
    auto text = text_of(head) + response.body;
    auto is_written = co_await write(text);
    co_return is_written && keep_alive;
  }

  static http::response<http::empty_body> head_of(const api_response& response, unsigned version) {
    http::response<http::empty_body> out{static_cast<http::status>(response.status), version};
    out.set(http::field::server, "lode");
    out.set(http::field::content_type, response.content_type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    if (!response.allow.empty())
      out.set(http::field::allow, response.allow);
    if (response.retry_after > 0)
      out.set(http::field::retry_after, std::to_string(response.retry_after));
    if (response.status == 401)
      out.set(http::field::www_authenticate, "Bearer");
    return out;
  }

  static std::string text_of(const http::response<http::empty_body>& head) {
    std::ostringstream out;
    out << head.base();
    return std::move(out).str();
  }

  asio::awaitable<bool> send_in_chunks(api_response& response, unsigned version, bool keep_alive) {
    auto head = head_of(response, version);
    auto is_chunked = version >= 11;
    head.chunked(is_chunked);
    head.keep_alive(keep_alive && is_chunked);
    auto text = text_of(head);
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

  asio::awaitable<bool> produce(api_response::producer& more, std::string& piece, caf::error& broken) {
    lent_stores stores{parts_};
    auto goes_on = more(*stores, piece);
    if (!goes_on)
      broken = goes_on.error();
    co_return goes_on && *goes_on;
  }

  asio::awaitable<bool> send_piece(const std::string& piece, bool is_chunked) {
    if (piece.empty())
      co_return true;
    auto text = is_chunked ? beast::buffers_to_string(http::make_chunk(asio::buffer(piece))) : piece;
    co_return co_await write(text); // no temporary within ?: here: g++ 12 destroys it twice
  }

  /// All that is written goes through here: each further type of buffers would compile the whole machinery of Asio again.
  asio::awaitable<bool> write(const std::string& text) {
    stream_.expires_after(write_limit);
    auto [failed, size] = co_await asio::async_write(stream_, asio::buffer(text), no_throw);
    co_return !failed;
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  session_parts& parts_;
  uint64_t body_limit_ = parts_.max_body; ///< of the present request
};

asio::awaitable<feed_watch::positions> read_ends(session_parts& parts, std::vector<shard_id> shards) {
  lent_stores stores{parts};
  auto ends = (*stores).catalog->feed_ends(shards);
  if (!ends)
    co_return std::nullopt;
  co_return std::move(*ends);
}

} // namespace

asio::awaitable<feed_watch::positions> look_at_feeds(session_parts& parts, std::vector<shard_id> shards) {
  co_return co_await asio::co_spawn(parts.workers, read_ends(parts, std::move(shards)), asio::use_awaitable);
}

asio::awaitable<void> converse(asio::ip::tcp::socket socket, session_parts& parts) {
  session one{std::move(socket), parts};
  co_await one.run();
}

} // namespace lode
