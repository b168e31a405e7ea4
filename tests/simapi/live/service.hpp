#pragma once

#include "tests/simapi/live/hook_client.hpp"
#include "tests/simapi/live/hub.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace simapi {

/// Acts for the hub: lets go what is due, and makes the requests of webhooks. On a strand of its own.
class live_service {
public:
  live_service(boost::asio::io_context& io, simulation& sim);
  ~live_service();

  void start();

private:
  struct job {
    delivery what;
    handing shown;
    hook_request request;
  };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<void> deliver(job of);
  std::vector<job> take_jobs(std::optional<int64_t>& next_due);

  simulation& sim_;
  boost::asio::any_io_executor strand_;
  boost::asio::steady_timer bell_; // rings when something is due, or was added
  hook_client client_;
  bool is_poked_ = false; // the bell is about to be rung
};

} // namespace simapi
