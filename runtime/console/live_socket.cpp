#include "runtime/console/live_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/json.hpp>

#include "runtime/console/at_end.hpp"

namespace lode {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;

namespace {

constexpr size_t longest_message = 16 * 1024;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr uint16_t unauthorized = 4401, too_many = 4429;

/// What a client says; nothing when it is no such message.
struct client_word {
  std::string token;
  std::vector<std::string> watch, unwatch;
};

std::vector<std::string> texts_in(const json::object& from, const char* name) {
  std::vector<std::string> out;
  const auto* list = from.if_contains(name);
  if (list && list->is_array())
    for (const auto& each : list->get_array())
      if (each.is_string())
        out.emplace_back(each.get_string());
  return out;
}

std::optional<client_word> read_word(const std::string& text) {
  boost::system::error_code failed;
  auto parsed = json::parse(text, failed);
  if (failed || !parsed.is_object())
    return std::nullopt;
  const auto& members = parsed.get_object();
  client_word word{{}, texts_in(members, "watch"), texts_in(members, "unwatch")};
  if (const auto* token = members.if_contains("token"); token && token->is_string())
    word.token = token->get_string();
  return word;
}

template <class Stream>
class live_socket {
public:
  live_socket(Stream& stream, live_socket_parts parts) : socket_(stream), parts_(std::move(parts)) {}

  asio::awaitable<void> run(const live_handshake& handshake) {
    using namespace asio::experimental::awaitable_operators;
    executor_ = co_await asio::this_coro::executor;
    reader_ = std::make_shared<live_reader>(executor_, [this] {
      beast::error_code ignored;
      beast::get_lowest_layer(socket_).socket().close(ignored);
    });
    beast::get_lowest_layer(socket_).expires_never(); // the WebSocket has time-outs of its own
    const auto first_word = parts_.topics.pace().first_word;
    socket_.set_option(websocket::stream_base::timeout{first_word, first_word, false});
    socket_.read_message_max(longest_message);
    auto [failed] = co_await socket_.async_accept(handshake, no_throw);
    if (failed)
      co_return;
    if (!parts_.topics.join())
      co_return co_await close(too_many);
    at_end leave{[this] { parts_.topics.leave(reader_); }};
    if (!co_await hear_first_word())
      co_return;
    socket_.set_option(websocket::stream_base::timeout{first_word, 30s, true});
    co_await (hear_words() || send_news());
  }

private:
  asio::awaitable<bool> hear_first_word() {
    auto word = co_await hear();
    const bool is_let_in = word && parts_.lets_in(word->token);
    if (is_let_in)
      obey(*word);
    else
      co_await close(unauthorized);
    co_return is_let_in;
  }

  asio::awaitable<void> hear_words() {
    for (;;) {
      auto word = co_await hear();
      if (!word)
        co_return;
      obey(*word);
    }
  }

  asio::awaitable<std::optional<client_word>> hear() {
    beast::flat_buffer buffer;
    auto [failed, size] = co_await socket_.async_read(buffer, no_throw);
    if (failed)
      co_return std::nullopt;
    auto word = read_word(beast::buffers_to_string(buffer.data()));
    if (!word)
      co_await close(websocket::close_code::unknown_data);
    co_return word;
  }

  void obey(const client_word& word) {
    for (const auto& topic : word.unwatch)
      parts_.topics.unwatch(reader_, topic);
    for (const auto& topic : word.watch)
      parts_.topics.watch(reader_, topic, executor_);
  }

  asio::awaitable<void> send_news() {
    socket_.text(true);
    for (;;) {
      auto message = co_await reader_->next();
      if (!message)
        co_return;
      auto [failed, size] = co_await socket_.async_write(asio::buffer(*message), no_throw);
      if (failed)
        co_return;
    }
  }

  asio::awaitable<void> close(uint16_t code) { co_await socket_.async_close(websocket::close_reason{code}, no_throw); }

  websocket::stream<Stream&> socket_;
  live_socket_parts parts_;
  asio::any_io_executor executor_;
  std::shared_ptr<live_reader> reader_;
};

} // namespace

template <class Stream>
asio::awaitable<void> converse_live(Stream& stream, live_handshake handshake, live_socket_parts parts) {
  live_socket<Stream> socket{stream, std::move(parts)};
  co_await socket.run(handshake);
}

template asio::awaitable<void> converse_live(beast::tcp_stream&, live_handshake, live_socket_parts);
template asio::awaitable<void> converse_live(beast::ssl_stream<beast::tcp_stream>&, live_handshake, live_socket_parts);

} // namespace lode
