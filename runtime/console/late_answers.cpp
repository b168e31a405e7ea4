#include "runtime/console/late_answers.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "runtime/console/at_end.hpp"

namespace lode {

namespace asio = boost::asio;

asio::awaitable<std::optional<api_response>> late_answers::wait(const std::function<void(tell)>& start, clock::time_point until) {
  waiter me{asio::steady_timer{co_await asio::this_coro::executor, until}, {}};
  const auto number = ++last_;
  waiters_[number] = &me;
  at_end leave{[this, number] { waiters_.erase(number); }};
  start([self = shared_from_this(), number](api_response answer) { self->told(number, std::move(answer)); });
  co_await me.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return std::move(me.answer);
}

void late_answers::told(uint64_t number, api_response answer) {
  std::scoped_lock lock{guard_};
  if (!io_)
    return;
  asio::post(*io_, [self = shared_from_this(), number, answer = std::move(answer)]() mutable {
    auto found = self->waiters_.find(number);
    if (found == self->waiters_.end() || found->second->answer)
      return;
    found->second->answer = std::move(answer);
    found->second->timer.cancel();
  });
}

void late_answers::close() {
  std::scoped_lock lock{guard_};
  io_ = nullptr;
}

} // namespace lode
