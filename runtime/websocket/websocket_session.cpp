#include "runtime/websocket/websocket_session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/zlib/error.hpp>

#include <algorithm>

namespace lode {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;

namespace {

constexpr size_t largest_batch = 256;
constexpr size_t largest_batch_bytes = 256 << 10;
/// How often a socket that waits for others to release bytes looks.
constexpr auto look_again = std::chrono::milliseconds{100};
/// Space that is made for a message whose end is not in sight.
constexpr size_t growth = 64 << 10;

bool breaks_the_protocol(const boost::system::error_code& failure) {
  return failure.category() == make_error_code(websocket::error::closed).category()
         || failure.category() == make_error_code(boost::beast::zlib::error::general).category();
}

} // namespace

websocket_session::websocket_session(websocket_lane& lane, websocket_request request, websocket_events events,
                                     http_url url)
  : lane_(lane),
    request_(std::make_unique<websocket_request>(std::move(request))),
    url_(std::move(url)),
    events_(std::move(events)),
    stream_(lane.io, static_cast<transport_owner&>(*this), std::span<char>{lane.scratch}),
    gate_(lane.io),
    watchdog_(lane.io),
    liveness_(request_->idle_timeout, request_->ping_every),
    credits_(request_->credits),
    max_queued_bytes_(request_->max_queued_bytes) {}

void websocket_session::grant(std::uint32_t messages) {
  release(messages);
  credits_ += messages;
  if (is_paused_) // set before the credits are looked at for the last time
    asio::post(lane_.io, [self = shared_from_this()] { self->gate_.cancel(); });
}

/// Grants follow what was handed on, but nobody says which message one is for: its bytes are the mean of all that are held.
void websocket_session::release(std::uint32_t messages) {
  auto held = held_messages_.load();
  if (held <= 0)
    return;
  auto part = std::min<std::int64_t>(messages, held);
  auto bytes = part == held ? held_bytes_.load() : held_bytes_.load() / held * part;
  held_messages_ -= part;
  held_bytes_ -= bytes;
  lane_.shared.held_bytes -= bytes;
}

void websocket_session::send(std::string text) {
  auto queued = queued_bytes_ += text.size();
  asio::post(lane_.io, [self = shared_from_this(), text = std::move(text), queued]() mutable {
    if (self->has_ended() || self->is_closing_)
      return;
    if (queued > self->max_queued_bytes_)
      return self->end(websocket_end::overflow, "the network takes less than is sent: "
                                                  + std::to_string(queued) + " bytes would wait, "
                                                  + std::to_string(self->max_queued_bytes_) + " may");
    self->outbox_.push_back(std::move(text));
    self->write_next();
  });
}

void websocket_session::close() {
  asio::post(lane_.io, [self = shared_from_this()] {
    if (self->has_ended() || self->is_closing_)
      return;
    if (!self->is_open_)
      return self->end(websocket_end::cancelled, "closed before it was open");
    self->is_closing_ = true;
    self->deadline_ = clock::now() + self->lane_.shared.settings.close_timeout;
    self->arm_no_later(*self->deadline_);
    self->gate_.cancel();
    self->write_next();
  });
}

void websocket_session::cancel() {
  asio::post(lane_.io, [self = shared_from_this()] {
    self->is_closing_ = true; // nothing more is handed on
    self->end(websocket_end::cancelled, "the client ends");
  });
}

std::optional<websocket_session::clock::time_point> websocket_session::last_heard() const {
  auto count = heard_at_.load(std::memory_order_relaxed);
  return count == 0 ? std::nullopt : std::optional{clock::time_point{clock::duration{count}}};
}

std::function<void(websocket_closed)> websocket_session::take_closed() {
  auto closed = std::move(events_.closed);
  events_ = {};
  return closed;
}

asio::awaitable<websocket_closed> websocket_session::run() {
  if (!has_ended())
    co_await open();
  --lane_.opening;
  if (!has_ended()) {
    ++lane_.opened;
    ++lane_.open;
    auto chosen = find_header(answer_->headers(), "Sec-WebSocket-Protocol");
    websocket_opened news{chosen == nullptr ? "" : *chosen, std::move(answer_->headers())};
    request_.reset();
    answer_.reset();
    events_.opened(std::move(news));
    write_next();
    co_await read_all();
    --lane_.open;
    hand_on();
    lane_.shared.held_bytes -= held_bytes_.exchange(0);
  }
  heard_at_ = 0;
  stream_.next_layer().close();
  watchdog_.cancel();
  co_return std::move(*verdict_);
}

asio::awaitable<void> websocket_session::read_all() {
  while (!has_ended()) {
    if (!may_read() && !is_closing_)
      co_await wait_for_credit();
    if (has_ended())
      break;
    if (auto failure = co_await read_message())
      end_reading(failure);
    else if (!is_closing_)
      take_message();
  }
}

bool websocket_session::may_read() const {
  return credits_ > 0 && lane_.shared.held_bytes < static_cast<std::int64_t>(lane_.shared.settings.max_held_bytes);
}

asio::awaitable<void> websocket_session::wait_for_credit() {
  hand_on();
  liveness_.pause();
  is_paused_ = true;
  while (!may_read() && !is_closing_ && !has_ended()) {
    gate_.expires_at(credits_ > 0 ? clock::now() + look_again : clock::time_point::max());
    error_code ignored;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  is_paused_ = false;
  liveness_.resume(clock::now());
  if (!deadline_)
    arm_no_later(liveness_.next());
}

/// Into a small space first: most messages fit, and an idle socket holds no more. A longer one grows with what arrives.
asio::awaitable<websocket_session::error_code> websocket_session::read_message() {
  error_code failure;
  message_ = {};
  do {
    auto had = message_.size();
    auto space = asio::buffer(head_of_message_);
    if (had > 0) {
      // Once it is closed it has forgotten what it was reading, and must not be asked: the read below says that it is.
      message_.resize(had + (stream_.is_open() ? std::min(stream_.read_size_hint(growth), growth) : growth));
      space = asio::buffer(message_.data() + had, message_.size() - had);
    }
    auto count = co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, failure));
    if (had > 0)
      message_.resize(had + count);
    else
      message_.assign(head_of_message_.data(), count);
  } while (!failure && !stream_.is_message_done());
  co_return failure;
}

void websocket_session::take_message() {
  if (message_.capacity() > 2 * message_.size() && message_.size() > head_of_message_.size())
    message_.shrink_to_fit();
  --credits_;
  lane_.messages_received.fetch_add(1, std::memory_order_relaxed);
  const auto bytes = static_cast<std::int64_t>(message_.size());
  held_bytes_ += bytes;
  ++held_messages_;
  lane_.shared.held_bytes += bytes;
  batch_bytes_ += message_.size();
  batch_.push_back(std::move(message_));
  if (batch_.size() >= largest_batch || batch_bytes_ >= largest_batch_bytes)
    hand_on();
}

void websocket_session::hand_on() {
  if (batch_.empty())
    return;
  auto batch = std::exchange(batch_, {});
  batch_bytes_ = 0;
  if (!is_closing_)
    events_.messages(std::move(batch));
}

void websocket_session::end(websocket_end reason, const std::string& what) {
  if (has_ended())
    return;
  verdict_ = std::make_unique<websocket_closed>();
  verdict_->reason = reason;
  verdict_->message = "socket to " + authority_of(url_) + ": " + what;
  stream_.next_layer().close();
  gate_.cancel();
}

void websocket_session::end_reading(const error_code& failure) {
  if (has_ended())
    return;
  if (failure == websocket::error::closed || is_close_answered_) {
    auto said = stream_.reason();
    auto code = said.code == websocket::close_code::none ? std::uint16_t{1005} : said.code;
    if (is_closing_)
      end(websocket_end::closed, "closed");
    else
      end(websocket_end::closed_by_peer, "closed by the peer with code " + std::to_string(code));
    verdict_->code = code;
    verdict_->peer_reason.assign(said.reason.data(), said.reason.size());
  } else if (is_closing_) {
    end(websocket_end::cancelled, "connection lost while it was closed: " + failure.message());
  } else if (failure == websocket::error::message_too_big || failure == websocket::error::buffer_overflow) {
    end(websocket_end::too_large, "a message is larger than " + std::to_string(stream_.read_message_max()) + " bytes");
  } else if (breaks_the_protocol(failure)) {
    end(websocket_end::protocol_error, failure.message());
  } else if (failure == asio::error::timed_out) {
    end(websocket_end::idle, "the network does not deliver what was sent");
  } else {
    end(websocket_end::reset, "connection lost: " + failure.message());
  }
}

/// Beast tells the cause to whoever meets it first; the others are aborted.
void websocket_session::end_writing(const error_code& failure) {
  if (failure != asio::error::operation_aborted)
    end_reading(failure);
}

bool websocket_session::heard(std::string_view bytes, std::size_t count) {
  if (answer_)
    return answer_->add(bytes) && !answer_->is_declined();
  auto now = clock::now();
  liveness_.heard(now);
  if (is_open_)
    heard_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  lane_.bytes_received.fetch_add(count, std::memory_order_relaxed);
  return true;
}

/// The outbox in order, then the close frame if one is wanted.
void websocket_session::write_next() {
  if (!is_open_ || is_writing_ || has_ended())
    return;
  if (outbox_.empty()) {
    if (is_closing_)
      start_close();
    return;
  }
  is_writing_ = true;
  stream_.async_write(asio::buffer(outbox_.front()), [self = shared_from_this()](error_code failure, std::size_t) {
    self->is_writing_ = false;
    if (failure)
      return self->end_writing(failure);
    self->queued_bytes_ -= self->outbox_.front().size();
    self->outbox_.pop_front();
    self->lane_.messages_sent.fetch_add(1, std::memory_order_relaxed);
    self->write_next();
  });
}

void websocket_session::start_close() {
  is_writing_ = true; // for ever
  stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](error_code failure) {
    self->is_close_answered_ = !failure;
    if (!failure)
      self->end_reading({});
  });
}

void websocket_session::send_ping() {
  if (is_pinging_ || is_closing_)
    return;
  is_pinging_ = true;
  auto sent = [self = shared_from_this()](error_code failure) {
    self->is_pinging_ = false;
    if (failure)
      self->end_writing(failure);
  };
  if (is_paused_)
    stream_.async_pong({}, std::move(sent));
  else
    stream_.async_ping({}, std::move(sent));
}

void websocket_session::arm(clock::time_point when) {
  armed_for_ = when;
  watchdog_.expires_at(when); // cancels the wait before
  watchdog_.async_wait([weak = weak_from_this()](error_code failure) {
    auto self = weak.lock();
    if (!failure && self && !self->has_ended())
      self->on_watchdog();
  });
}

void websocket_session::arm_no_later(clock::time_point when) {
  if (when < armed_for_)
    arm(when);
}

void websocket_session::on_watchdog() {
  auto now = clock::now();
  if (deadline_) {
    if (now < *deadline_)
      return arm(*deadline_);
    if (is_closing_)
      return end(websocket_end::cancelled, "the peer did not answer the close frame in time");
    return end(websocket_end::timeout_connect, "not open in time");
  }
  auto step = liveness_.due(now);
  if (step.what == liveness::act::give_up)
    return end(websocket_end::idle, "nothing was received for the whole idle timeout");
  if (step.what == liveness::act::ping)
    send_ping();
  arm(step.next);
}

} // namespace lode
