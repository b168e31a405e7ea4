#include "runtime/websocket/websocket_client.hpp"

#include "runtime/http/tls.hpp"
#include "runtime/websocket/upgrade.hpp"
#include "runtime/websocket/websocket_lane.hpp"
#include "runtime/websocket/websocket_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

namespace lode {

namespace asio = boost::asio;

namespace {

using session_ptr = std::shared_ptr<websocket_session>;

/// A defect in our coroutines must not look like a socket that never ends.
constexpr auto no_exception = [](std::exception_ptr failure) {
  if (failure)
    std::terminate();
};

template <class T>
void fill(T& value, T usual) {
  if (value == T{})
    value = usual;
}

/// Knows the sockets by their handles, gives each to a lane, reports their ends.
class beast_websocket_client : public websocket_client {
public:
  explicit beast_websocket_client(std::unique_ptr<websocket_resources> shared) : shared_(std::move(shared)) {
    for (unsigned i = 0; i < std::max(1u, shared_->settings.threads); ++i)
      lanes_.push_back(std::make_unique<websocket_lane>(*shared_));
  }

  ~beast_websocket_client() override {
    cancel_all();
    std::unique_lock guard{mutex_};
    all_ended_.wait(guard, [this] { return unreported_ == 0; });
    guard.unlock();
    shared_->resolver.stop(); // before the lanes, to which it posts
  }

  websocket_handle open(websocket_request request, websocket_events events) override;
  void grant(websocket_handle socket, std::uint32_t messages) override {
    if (auto session = find(socket))
      session->grant(messages);
  }
  void send(websocket_handle socket, std::string text) override {
    if (auto session = find(socket))
      session->send(std::move(text));
  }
  void close(websocket_handle socket) override {
    if (auto session = find(socket))
      session->close();
  }
  std::optional<std::chrono::steady_clock::time_point> last_heard(websocket_handle socket) const override {
    auto session = find(socket);
    return session ? session->last_heard() : std::nullopt;
  }
  websocket_client_stats stats() const override;

private:
  static asio::awaitable<void> run(beast_websocket_client* self, session_ptr session, std::uint64_t id);
  void refuse(http_error error, websocket_events events);
  void reported();
  void cancel_all();
  session_ptr find(websocket_handle socket) const;
  websocket_lane& next_lane() { return *lanes_[next_lane_++ % lanes_.size()]; }

  std::unique_ptr<websocket_resources> shared_;
  mutable std::mutex mutex_;
  std::condition_variable all_ended_;
  std::unordered_map<std::uint64_t, session_ptr> sessions_; // guarded by mutex_, like what follows
  std::uint64_t last_id_ = 0;
  std::size_t unreported_ = 0; // `closed` has not returned
  bool is_stopping_ = false;
  std::atomic<std::size_t> next_lane_ = 0;
  std::vector<std::unique_ptr<websocket_lane>> lanes_; // last: their threads use all of the above
};

websocket_handle beast_websocket_client::open(websocket_request request, websocket_events events) {
  auto& settings = shared_->settings;
  fill(request.max_message_bytes, settings.max_message_bytes);
  fill(request.max_queued_bytes, settings.max_queued_bytes);
  fill(request.connect_timeout, settings.network.connect_timeout);
  fill(request.idle_timeout, settings.idle_timeout);
  auto parsed = parse_websocket_url(request.url);
  std::optional<http_error> unfit;
  if (auto error = std::get_if<http_error>(&parsed))
    unfit = *error;
  else
    unfit = check_upgrade(request, std::get<http_url>(parsed));

  std::unique_lock guard{mutex_};
  websocket_handle handle{++last_id_};
  ++unreported_;
  if (unfit) {
    guard.unlock();
    refuse(std::move(*unfit), std::move(events));
    return handle;
  }
  auto& lane = next_lane();
  ++lane.opening;
  auto session = std::make_shared<websocket_session>(lane, std::move(request), std::move(events),
                                                     std::get<http_url>(std::move(parsed)));
  sessions_.emplace(handle.id, session);
  if (is_stopping_)
    session->cancel();
  guard.unlock();
  // Posted, so that nothing of it runs inside the caller, who may be a callback of this very thread.
  asio::post(lane.io, [this, session, id = handle.id] {
    asio::co_spawn(session->lane().io, run(this, session, id), no_exception);
  });
  return handle;
}

void beast_websocket_client::refuse(http_error error, websocket_events events) {
  asio::post(next_lane().io, [this, message = std::move(error.message), closed = std::move(events.closed)]() mutable {
    closed({.reason = websocket_end::invalid_request, .message = std::move(message)});
    closed = nullptr; // what it captured goes before the client says that all has ended
    reported();
  });
}

asio::awaitable<void> beast_websocket_client::run(beast_websocket_client* self, session_ptr session, std::uint64_t id) {
  auto end = co_await session->run();
  {
    std::lock_guard guard{self->mutex_};
    self->sessions_.erase(id);
  }
  ++session->lane().closed;
  session->take_closed()(std::move(end));
  self->reported();
}

void beast_websocket_client::reported() {
  std::lock_guard guard{mutex_};
  if (--unreported_ == 0)
    all_ended_.notify_all();
}

void beast_websocket_client::cancel_all() {
  std::lock_guard guard{mutex_};
  is_stopping_ = true;
  for (auto& [id, session] : sessions_)
    session->cancel();
}

session_ptr beast_websocket_client::find(websocket_handle socket) const {
  std::lock_guard guard{mutex_};
  auto found = sessions_.find(socket.id);
  return found == sessions_.end() ? nullptr : found->second;
}

websocket_client_stats beast_websocket_client::stats() const {
  websocket_client_stats sum;
  for (auto& lane : lanes_) {
    sum.opening += lane->opening;
    sum.open += lane->open;
    sum.opened += lane->opened;
    sum.closed += lane->closed;
    sum.messages_received += lane->messages_received;
    sum.bytes_received += lane->bytes_received;
    sum.messages_sent += lane->messages_sent;
  }
  return sum;
}

} // namespace

std::variant<std::unique_ptr<websocket_client>, http_error>
make_websocket_client(const websocket_client_settings& settings) {
  auto routes = route_table::read(settings.network);
  if (auto error = std::get_if<http_error>(&routes))
    return *error;
  auto shared = std::make_unique<websocket_resources>();
  shared->settings = settings;
  shared->routes = std::get<route_table>(std::move(routes));
  if (auto error = set_up_tls(shared->tls, settings.network))
    return *error;
  return std::make_unique<beast_websocket_client>(std::move(shared));
}

} // namespace lode
