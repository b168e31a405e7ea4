// One WebSocket: reads what the client says, writes what the hub has for it. Two coroutines on one strand.
#include "tests/simapi/live/session.hpp"

#include "tests/simapi/live/batching_stream.hpp"
#include "tests/simapi/live/client_message.hpp"
#include "tests/simapi/transport.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>

namespace simapi {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace asio::experimental::awaitable_operators;

/// Messages to be written together.
struct message_batch {
  struct piece {
    size_t begin, end; // in `text`
    event_form form;
  };
  std::string text;
  std::vector<piece> pieces;
  outgoing_events events;
  handing shown;

  void add(event_form form, auto append) {
    auto begin = text.size();
    append(text);
    pieces.push_back({begin, text.size(), form});
  }
};

template <class Stream>
class live_session : public std::enable_shared_from_this<live_session<Stream>> {
public:
  live_session(Stream& stream, simulation& sim, tenant_state& whose)
    : stream_(stream), socket_(batching_stream<Stream>{stream}), bell_(stream.get_executor()), sim_(sim) {
    side_.who = &whose;
  }

  ~live_session() {
    std::scoped_lock lock{sim_.mutex};
    if (side_.id != 0)
      sim_.live.close(side_);
  }

  /// Answers whether the client is to be left alone with an open connection.
  asio::awaitable<bool> run(const upgrade_request& asked) {
    configure(asked);
    auto [error] = co_await socket_.async_accept(asked, quietly);
    if (error)
      co_return false;
    open();
    co_await (read_all() && write_all());
    co_return layer().is_silent();
  }

private:
  batching_stream<Stream>& layer() { return socket_.next_layer(); }

  void configure(const upgrade_request& asked);
  void open();
  asio::awaitable<void> read_all();
  void hear(std::string_view text);
  asio::awaitable<void> write_all();
  message_batch take();
  asio::awaitable<bool> write(const message_batch& batch);
  void note(message_batch& batch, bool good);
  void end(cut_kind how);

  Stream& stream_;
  websocket::stream<batching_stream<Stream>> socket_;
  asio::steady_timer bell_; // rings when there is something to write
  simulation& sim_;
  live_connection side_;
  bool is_closing_ = false, wants_close_frame_ = false;
};

template <class Stream>
void live_session<Stream>::configure(const upgrade_request& asked) {
  socket_.auto_fragment(false);
  socket_.read_message_max(64 << 10);
  websocket::stream_base::timeout limits{std::chrono::seconds(5), websocket::stream_base::none(), false};
  socket_.set_option(limits);
  websocket::permessage_deflate deflate;
  {
    std::scoped_lock lock{sim_.mutex};
    deflate.server_enable = sim_.live.deflate;
  }
  deflate.memLevel = 4;
  socket_.set_option(deflate);
  auto offered = asked[beast::http::field::sec_websocket_protocol];
  std::string chosen{offered.data(), std::min(offered.find(','), offered.size())};
  socket_.set_option(websocket::stream_base::decorator([chosen](websocket::response_type& answer) {
    answer.set(beast::http::field::server, "simapi");
    if (!chosen.empty())
      answer.set(beast::http::field::sec_websocket_protocol, chosen);
  }));
}

template <class Stream>
void live_session<Stream>::open() {
  auto on_strand = [this](auto act) {
    return [where = stream_.get_executor(), self = this->weak_from_this(), act](auto... arguments) {
      asio::post(where, [self, act, arguments...] {
        if (auto session = self.lock())
          act(*session, arguments...);
      });
    };
  };
  side_.wake = on_strand([](live_session& self) { self.bell_.cancel(); });
  side_.cut = on_strand([](live_session& self, cut_kind how) { self.end(how); });
  std::scoped_lock lock{sim_.mutex};
  sim_.live.open(side_);
}

template <class Stream>
void live_session<Stream>::end(cut_kind how) {
  if (how == cut_kind::half_open)
    return layer().go_silent();
  is_closing_ = true;
  wants_close_frame_ = how == cut_kind::close;
  if (how == cut_kind::reset)
    reset(tcp_of(stream_));
  if (how == cut_kind::drop)
    close_orderly(tcp_of(stream_));
  bell_.cancel();
}

template <class Stream>
asio::awaitable<void> live_session<Stream>::read_all() {
  beast::flat_buffer buffer;
  for (;;) {
    auto [error, count] = co_await socket_.async_read(buffer, quietly);
    if (error)
      break;
    if (!layer().is_silent())
      hear({static_cast<const char*>(buffer.data().data()), buffer.size()});
    buffer.consume(buffer.size());
  }
  is_closing_ = true;
  if (!layer().is_silent())
    close_orderly(tcp_of(stream_));
  bell_.cancel();
}

template <class Stream>
void live_session<Stream>::hear(std::string_view text) {
  auto said = read_client_message(text);
  std::scoped_lock lock{sim_.mutex};
  auto& hub = sim_.live;
  switch (said.is) {
    case client_message::kind::ack:
      return hub.acknowledge(side_);
    case client_message::kind::ping:
      side_.replies.push_back(R"({"type":"pong"})");
      break;
    case client_message::kind::unknown:
      side_.replies.push_back(error_message(said.problem));
      break;
    case client_message::kind::subscribe: {
      auto resumed = hub.subscribe(side_, said.streams, said.after ? &*said.after : nullptr);
      side_.replies.push_back(subscribed_message(said, resumed));
    }
  }
  constexpr size_t most_replies = 1000;
  if (side_.replies.size() > most_replies) // a client that asks and does not read
    return end(cut_kind::reset);
  bell_.cancel();
}

template <class Stream>
message_batch live_session<Stream>::take() {
  constexpr size_t most_events = 256;
  message_batch batch;
  std::scoped_lock lock{sim_.mutex};
  for (auto& each : side_.replies)
    batch.add(event_form::right, [&](std::string& out) { out += each; });
  side_.replies.clear();
  batch.events = sim_.live.take(side_, most_events);
  for (const auto& each : batch.events)
    batch.add(each.form, [&](std::string& out) {
      std::string text;
      auto& to = each.form == event_form::right ? out : text;
      sim_.live.append_text(to, each.event);
      spoil(text, each.form, each.bytes);
      out += text;
    });
  batch.shown = sim_.live.begin_handing(batch.events);
  side_.is_idle = batch.pieces.empty();
  return batch;
}

template <class Stream>
asio::awaitable<bool> live_session<Stream>::write(const message_batch& batch) {
  bool good = true;
  for (size_t i = 0; good && i < batch.pieces.size(); ++i) {
    const auto& [begin, end, form] = batch.pieces[i];
    layer().hold(true);
    if (form == event_form::bad_frame)
      layer().inject("\xff\x7f\x00\x00"); // reserved bits, an opcode that does not exist
    layer().hold(i + 1 < batch.pieces.size());
    socket_.text(form != event_form::binary);
    auto [error, count] = co_await socket_.async_write(asio::buffer(batch.text.data() + begin, end - begin), quietly);
    good = !error;
  }
  co_return good;
}

template <class Stream>
void live_session<Stream>::note(message_batch& batch, bool good) {
  auto outcome = layer().has_vanished() ? handed::nothing : good ? handed::all : handed::perhaps;
  std::scoped_lock lock{sim_.mutex};
  sim_.live.end_handing(batch.shown, outcome);
  sim_.live.written(side_, batch.events, outcome == handed::all);
}

template <class Stream>
asio::awaitable<void> live_session<Stream>::write_all() {
  while (!is_closing_) {
    auto batch = take();
    if (batch.pieces.empty()) {
      bell_.expires_at(asio::steady_timer::time_point::max());
      co_await bell_.async_wait(quietly);
      continue;
    }
    auto good = co_await write(batch);
    note(batch, good);
    if (!good)
      break;
  }
  if (layer().is_silent())
    co_return;
  if (wants_close_frame_)
    co_await socket_.async_close(websocket::close_code::going_away, quietly);
  close_orderly(tcp_of(stream_));
}

template <class Stream>
asio::awaitable<void> run(Stream& stream, simulation& sim, tenant_state& whose, const upgrade_request& asked) {
  bool is_left_open = false;
  {
    auto session = std::make_shared<live_session<Stream>>(stream, sim, whose);
    is_left_open = co_await session->run(asked);
  }
  if (is_left_open)
    co_await wait_for_end(stream);
}

} // namespace

asio::awaitable<void> run_live_session(tcp_socket& stream, simulation& sim, tenant_state& whose, upgrade_request asked) {
  co_await run(stream, sim, whose, asked);
}

asio::awaitable<void> run_live_session(tls_socket& stream, simulation& sim, tenant_state& whose, upgrade_request asked) {
  co_await run(stream, sim, whose, asked);
}

} // namespace simapi
