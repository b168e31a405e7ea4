#include "runtime/console/feed_watch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "runtime/console/at_end.hpp"

namespace lode {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto rest_between_looks = std::chrono::milliseconds{200};
constexpr auto rest_of_too_many = std::chrono::seconds{1};
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

/// Ends the wait of a client that has closed its connection. What it sent already, its next request, stays unread.
void watch_client(tcp::socket& client, const std::shared_ptr<asio::steady_timer>& timer) {
  client.async_wait(tcp::socket::wait_read, [&client, timer](boost::system::error_code failed) {
    if (failed == asio::error::operation_aborted)
      return; // the wait is over and with it, perhaps, the conversation
    boost::system::error_code ignored;
    if (failed || client.available(ignored) == 0)
      timer->cancel();
  });
}

} // namespace

asio::awaitable<bool> feed_watch::moves(shard_id shard, int64_t position, clock::time_point deadline, tcp::socket& client) {
  auto executor = co_await asio::this_coro::executor;
  if (waiters_.size() >= most_waiters) { // else they would ask all the time
    asio::steady_timer rest{executor, std::min(deadline, clock::now() + rest_of_too_many)};
    co_await rest.async_wait(no_throw);
    co_return false;
  }
  waiter me{shard, position, std::make_shared<asio::steady_timer>(executor, deadline)};
  waiters_.insert(&me);
  at_end leave{[this, &me] { waiters_.erase(&me); }};
  watch_client(client, me.timer);
  if (!std::exchange(is_looking_, true))
    asio::co_spawn(executor, keep_looking(), asio::detached);
  co_await me.timer->async_wait(no_throw);
  boost::system::error_code ignored;
  client.cancel(ignored);
  co_return me.has_moved;
}

asio::awaitable<void> feed_watch::keep_looking() {
  at_end over{[this] { is_looking_ = false; }};
  asio::steady_timer rest{co_await asio::this_coro::executor};
  while (!waiters_.empty()) {
    rest.expires_after(rest_between_looks);
    co_await rest.async_wait(no_throw);
    auto asked = shards();
    if (asked.empty())
      break;
    auto ends = co_await ask_(asked);
    if (ends)
      wake(asked, *ends);
  }
}

std::vector<shard_id> feed_watch::shards() const {
  std::vector<shard_id> result;
  for (const auto* each : waiters_)
    result.push_back(each->shard);
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void feed_watch::wake(const std::vector<shard_id>& shards, const std::vector<int64_t>& ends) {
  for (auto* each : waiters_) {
    auto found = std::lower_bound(shards.begin(), shards.end(), each->shard);
    if (found == shards.end() || *found != each->shard)
      continue; // came while the store was asked
    if (ends[static_cast<size_t>(found - shards.begin())] > each->position) {
      each->has_moved = true;
      each->timer->cancel();
    }
  }
}

} // namespace lode
