#include "runtime/http/http_client.hpp"
#include "runtime/http/io_lane.hpp"
#include "runtime/http/request_head.hpp"
#include "runtime/http/tls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

namespace lode {

namespace asio = boost::asio;

namespace {

using exchange_ptr = std::shared_ptr<http_exchange>;

/// A defect in our coroutines must not look like a request that never ends.
constexpr auto no_exception = [](std::exception_ptr failure) {
  if (failure)
    std::terminate();
};

/// Knows the started requests, gives each to the lane of its host, follows redirects, reports the end.
class beast_http_client : public http_client {
public:
  explicit beast_http_client(std::unique_ptr<lane_resources> shared) : shared_(std::move(shared)) {
    auto& settings = shared_->settings;
    auto count = std::max(1u, settings.threads);
    for (unsigned i = 0; i < count; ++i)
      lanes_.push_back(std::make_unique<io_lane>(
        *shared_, connection_table<std::shared_ptr<connection>>::limits{
                    std::max<size_t>(1, settings.max_connections_per_host),
                    std::max<size_t>(1, settings.max_connections / count), settings.max_waiting_requests}));
  }

  ~beast_http_client() override {
    cancel_all();
    std::unique_lock guard{mutex_};
    all_ended_.wait(guard, [this] { return unreported_ == 0; });
    guard.unlock();
    shared_->resolver.stop(); // before the lanes, to which it posts
  }

  request_handle start(http_request request, callback done) override;
  void cancel(request_handle handle) override;
  http_client_stats stats() const override;

private:
  asio::awaitable<void> run(exchange_ptr exchange, io_lane* lane, http_url url);
  void launch(exchange_ptr exchange, http_url url);
  void finish(http_exchange& exchange, http_result result);
  void interrupt(const exchange_ptr& exchange);
  void cancel_all();
  io_lane& lane_of(const std::string& host) { return *lanes_[std::hash<std::string>{}(host) % lanes_.size()]; }

  std::unique_ptr<lane_resources> shared_;
  mutable std::mutex mutex_;
  std::condition_variable all_ended_;
  std::unordered_map<uint64_t, exchange_ptr> exchanges_; // guarded by mutex_, like what follows
  uint64_t last_id_ = 0;
  size_t unreported_ = 0; // callbacks that have not returned
  bool is_stopping_ = false;
  std::atomic<uint64_t> answered_ = 0, failed_ = 0, redirects_ = 0;
  std::vector<std::unique_ptr<io_lane>> lanes_; // last: their threads use all of the above
};

request_handle beast_http_client::start(http_request request, callback done) {
  auto exchange = std::make_shared<http_exchange>(shared_->settings.max_redirects);
  exchange->started = connection::clock::now();
  exchange->done = std::move(done);
  auto parsed = parse_http_url(request.url);
  std::optional<http_error> unfit;
  if (auto error = std::get_if<http_error>(&parsed))
    unfit = *error;
  else
    unfit = check_request(request, std::get<http_url>(parsed));
  exchange->request = std::move(request);
  {
    std::lock_guard guard{mutex_};
    exchange->id = ++last_id_;
    ++unreported_;
    exchanges_.emplace(exchange->id, exchange);
    exchange->is_cancelled = is_stopping_;
  }
  request_handle handle{exchange->id};
  if (unfit)
    asio::post(lanes_.front()->io(), [this, exchange, error = std::move(*unfit)] { finish(*exchange, error); });
  else
    launch(std::move(exchange), std::get<http_url>(std::move(parsed)));
  return handle;
}

void beast_http_client::launch(exchange_ptr exchange, http_url url) {
  auto lane = &lane_of(url.host);
  exchange->lane = lane;
  // Posted, so that nothing of it runs inside the caller, who may be a callback of this very thread.
  asio::post(lane->io(), [this, lane, exchange = std::move(exchange), url = std::move(url)]() mutable {
    asio::co_spawn(lane->io(), run(std::move(exchange), lane, std::move(url)), no_exception);
  });
}

asio::awaitable<void> beast_http_client::run(exchange_ptr exchange, io_lane* lane, http_url url) {
  exchange->wake.emplace(lane->io());
  for (;;) {
    auto result = co_await lane->ask(*exchange, url);
    if (auto response = std::get_if<http_response>(&result)) {
      auto next = exchange->redirects.next(exchange->request, url, *response);
      if (auto request = std::get_if<http_request>(&next)) {
        ++redirects_;
        exchange->request = std::move(*request);
        url = std::get<http_url>(parse_http_url(exchange->request.url));
        if (&lane_of(url.host) == lane)
          continue;
        exchange->wake.reset();
        launch(std::move(exchange), std::move(url));
        co_return;
      }
      response->final_url = to_string(url);
      response->elapsed = connection::clock::now() - exchange->started;
      if (auto error = std::get_if<http_error>(&next))
        result = std::move(*error);
    }
    exchange->wake.reset();
    finish(*exchange, std::move(result));
    co_return;
  }
}

void beast_http_client::finish(http_exchange& exchange, http_result result) {
  {
    std::lock_guard guard{mutex_};
    exchanges_.erase(exchange.id);
  }
  ++(std::holds_alternative<http_response>(result) ? answered_ : failed_);
  exchange.done(std::move(result));
  exchange.done = nullptr; // what it captured goes before the client says that all has ended
  std::lock_guard guard{mutex_};
  if (--unreported_ == 0)
    all_ended_.notify_all();
}

void beast_http_client::interrupt(const exchange_ptr& exchange) {
  exchange->is_cancelled = true; // before the lane is read: a request that changes lanes looks at it after the change
  if (auto lane = exchange->lane.load())
    asio::post(lane->io(), [lane, exchange] {
      if (exchange->lane == lane)
        lane->interrupt(*exchange);
    });
}

void beast_http_client::cancel(request_handle handle) {
  exchange_ptr found;
  {
    std::lock_guard guard{mutex_};
    auto i = exchanges_.find(handle.id);
    if (i == exchanges_.end())
      return;
    found = i->second;
  }
  interrupt(found);
}

void beast_http_client::cancel_all() {
  std::vector<exchange_ptr> open;
  {
    std::lock_guard guard{mutex_};
    is_stopping_ = true;
    for (auto& [id, exchange] : exchanges_)
      open.push_back(exchange);
  }
  for (auto& exchange : open)
    interrupt(exchange);
}

http_client_stats beast_http_client::stats() const {
  http_client_stats sum;
  for (auto& lane : lanes_)
    lane->add_to(sum);
  sum.requests_answered = answered_;
  sum.requests_failed = failed_;
  sum.redirects_followed = redirects_;
  std::lock_guard guard{mutex_};
  sum.requests_started = last_id_;
  sum.requests_in_flight = exchanges_.size();
  return sum;
}

} // namespace

std::variant<std::unique_ptr<http_client>, http_error> make_beast_http_client(const http_client_settings& settings) {
  auto routes = route_table::read(settings);
  if (auto error = std::get_if<http_error>(&routes))
    return *error;
  auto shared = std::make_unique<lane_resources>();
  shared->settings = settings;
  shared->routes = std::get<route_table>(std::move(routes));
  if (auto error = set_up_tls(shared->tls, settings))
    return *error;
  return std::make_unique<beast_http_client>(std::move(shared));
}

} // namespace lode
