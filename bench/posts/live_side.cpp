#include "bench/posts/live_side.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "bench/posts/frames.hpp"

namespace bench {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr size_t events_of_a_write = 16; ///< where no rate is asked for
constexpr size_t most_waiting = 1 << 20; ///< bytes of a socket; then the whole order waits, and its latencies show it
constexpr uint64_t most_events = 50'000'000;
constexpr std::chrono::milliseconds tick{1};

int64_t now_us() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// Takes `prefix` from the front.
bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Takes a number and what stands behind it.
bool take_number(std::string_view& text, std::string_view end, uint64_t& value) {
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  return error == std::errc{} && skip(text, end);
}

} // namespace

live_side::live_side(asio::io_context& io, uint64_t seed, uint32_t accounts) : io_(io), feed_(seed, accounts), listening_(accounts) {}

bool live_side::answer(std::string_view method, std::string_view target, api_answer& out) {
  if (method == "GET" && target == "/control/live") {
    out.body = stats();
  } else if (method == "POST" && skip(target, "/control/send/")) {
    if (!begin(target)) {
      out.status = 400;
      out.body = R"({"error":"expected new/EVENTS/RATE, changed/EVENTS/RATE or stop, with a listener of each account"})";
      return true;
    }
    out.body = stats();
  } else {
    return false;
  }
  out.status = 200;
  return true;
}

bool live_side::begin(std::string_view order) {
  if (order == "stop") {
    feed_.stop();
    return true;
  }
  send_order asked;
  asked.is_change = skip(order, "changed/");
  uint64_t rate = 0;
  bool is_read = (asked.is_change || skip(order, "new/")) && take_number(order, "/", asked.events) && take_number(order, "", rate);
  bool is_complete = std::all_of(listening_.begin(), listening_.end(), [](const auto& each) { return each != nullptr; });
  if (!is_read || !order.empty() || asked.events > most_events || !is_complete)
    return false;
  asked.per_second = static_cast<double>(rate);
  feed_.begin(asked, now_us());
  if (feed_.is_paced() && !std::exchange(is_pacing_, true))
    asio::co_spawn(io_, keep_pace(), asio::detached);
  for (const auto& each : listening_)
    flush(each);
  return true;
}

// -- a socket ---------------------------------------------------------------------------------------------------------

asio::awaitable<void> live_side::serve(tcp_socket socket, const request_type& request, boost::beast::flat_buffer& bytes) {
  std::string_view target{request.target().data(), request.target().size()};
  auto account = skip(target, "/v1/") ? tenant_of(target.substr(0, target.find('/'))) : std::nullopt;
  if (!account || *account >= listening_.size() || !target.ends_with("/live"))
    co_return;
  auto self = std::make_shared<peer>(peer{std::move(socket), *account});
  auto key = request["Sec-WebSocket-Key"];
  self->out = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
              + accept_key({key.data(), key.size()}) + "\r\n\r\n";
  ++sockets_;
  flush(self);
  try {
    for (;;) {
      std::string_view heard{static_cast<const char*>(bytes.data().data()), bytes.size()};
      const auto before = heard.size();
      while (auto frame = take_frame(heard)) {
        if (frame->what == opcode::close)
          throw std::runtime_error{"closed"};
        if (frame->what == opcode::ping)
          append_frame(self->out, opcode::pong, frame->payload);
        else if (frame->what == opcode::text)
          take(self, frame->payload);
      }
      bytes.consume(before - heard.size());
      flush(self);
      auto [error, count] = co_await self->socket.async_read_some(bytes.prepare(4096), quietly);
      if (error)
        break;
      bytes.commit(count);
    }
  } catch (const std::exception&) {
    append_frame(self->out, opcode::close, "");
    flush(self);
  }
  leave(self);
}

void live_side::take(const peer_pointer& from, std::string_view text) {
  if (auto number = acknowledged_number(text))
    return feed_.acknowledge(from->account, number, now_us());
  if (text.starts_with(R"({"type":"subscribe")")) {
    listening_[from->account] = from;
    append_frame(from->out, opcode::text, R"({"type":"subscribed","streams":["posts"],"resumed":false})");
  } else if (text.starts_with(R"({"type":"ping")")) {
    append_frame(from->out, opcode::text, R"({"type":"pong"})");
  }
}

void live_side::leave(const peer_pointer& from) {
  --sockets_;
  if (listening_[from->account] == from)
    listening_[from->account] = nullptr;
  if (from->is_writing)
    return; // the write ends it
  boost::system::error_code ignored;
  from->socket.close(ignored);
}

void live_side::flush(const peer_pointer& to) {
  if (to->is_writing)
    return;
  if (to->out.empty() && listening_[to->account] == to)
    for (auto count = std::min<uint64_t>(feed_.left_of(to->account), events_of_a_write); count > 0; --count)
      feed_.append(to->out, to->account, now_us());
  if (to->out.empty())
    return;
  to->is_writing = true;
  std::swap(to->out, to->leaving);
  to->out.clear();
  asio::async_write(to->socket, asio::buffer(to->leaving), [this, to](const boost::system::error_code& error, size_t) {
    to->is_writing = false;
    if (!error)
      flush(to);
  });
}

// -- a rate -----------------------------------------------------------------------------------------------------------

asio::awaitable<void> live_side::keep_pace() {
  asio::steady_timer timer{io_};
  while (feed_.is_paced() && feed_.has_more()) {
    send_due();
    timer.expires_after(tick);
    co_await timer.async_wait(quietly);
  }
  is_pacing_ = false;
}

/// Each counts from when it was due: what a slow socket or a late timer costs is part of its latency.
void live_side::send_due() {
  std::vector<peer_pointer> touched;
  for (auto count = feed_.due(now_us()); count > 0; --count) {
    const auto account = feed_.next_account();
    const auto& to = listening_[account];
    if (!to || to->out.size() > most_waiting)
      break;
    if (to->out.empty())
      touched.push_back(to);
    feed_.append(to->out, account, feed_.next_due());
  }
  for (const auto& each : touched)
    flush(each);
}

std::string live_side::stats() {
  auto subscribed = std::count_if(listening_.begin(), listening_.end(), [](const auto& each) { return each != nullptr; });
  return "{\"sockets\":" + std::to_string(sockets_) + ",\"subscribed\":" + std::to_string(subscribed) + "," + feed_.stats().substr(1);
}

} // namespace bench
