#include "tests/simapi/live/service.hpp"

#include "tests/simapi/simulation.hpp"
#include "tests/simapi/transport.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <iostream>

namespace simapi {
namespace {

void report(std::exception_ptr error) try {
  if (error)
    std::rethrow_exception(error);
} catch (const std::exception& failure) {
  std::cerr << "lode-simapi: live delivery failed: " << failure.what() << std::endl;
}

} // namespace

live_service::live_service(asio::io_context& io, simulation& sim) : sim_(sim), strand_(asio::make_strand(io)), bell_(strand_) {
  std::scoped_lock lock{sim_.mutex};
  sim_.live.poke = [this] {
    if (is_poked_)
      return;
    is_poked_ = true;
    asio::post(strand_, [this] { bell_.cancel(); });
  };
}

live_service::~live_service() {
  std::scoped_lock lock{sim_.mutex};
  sim_.live.poke = nullptr;
}

void live_service::start() {
  asio::co_spawn(strand_, run(), report);
}

std::vector<live_service::job> live_service::take_jobs(std::optional<int64_t>& next_due) {
  std::vector<job> jobs;
  std::scoped_lock lock{sim_.mutex};
  is_poked_ = false;
  auto& hub = sim_.live;
  hub.run_due();
  while (auto what = hub.hooks.take(steady_now())) {
    auto request = make_hook_request(sim_, *hub.hooks.find(what->hook), *what);
    auto shown = hub.begin_handing(what->events);
    jobs.push_back({std::move(*what), std::move(shown), std::move(request)});
  }
  next_due = hub.next_due();
  return jobs;
}

asio::awaitable<void> live_service::run() {
  for (;;) {
    std::optional<int64_t> next_due;
    for (auto& each : take_jobs(next_due))
      asio::co_spawn(strand_, deliver(std::move(each)), report);
    constexpr int64_t long_time = 3'600'000;
    auto pause = next_due ? std::clamp<int64_t>(*next_due - steady_now(), 0, long_time) : long_time;
    bell_.expires_after(std::chrono::milliseconds(pause));
    co_await bell_.async_wait(quietly);
  }
}

asio::awaitable<void> live_service::deliver(job of) {
  auto answer = co_await client_.ask(of.request);
  auto outcome = answer.was_handed_over ? handed::perhaps : handed::nothing;
  std::scoped_lock lock{sim_.mutex};
  sim_.live.answered(std::move(of.what), answer.status, of.shown, outcome);
  if (sim_.live.poke)
    sim_.live.poke();
}

} // namespace simapi
