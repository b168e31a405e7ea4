#include "runtime/http/name_resolver.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lode {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// What a resolver thread leaves for the coroutine that waits.
struct lookup {
  name_resolver::addresses addresses;
  bool is_done = false;
  bool is_abandoned = false; // the coroutine waits no more: do not touch its timer
};

} // namespace

void name_resolver::resolve(const std::string& host, callback done) {
  {
    std::lock_guard guard{mutex_};
    auto& waiting = waiting_[host];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1)
      return;
  }
  asio::post(threads_, [this, host] { look_up_now(host); });
}

void name_resolver::look_up_now(const std::string& host) {
  boost::system::error_code failure;
  tcp::resolver resolver{threads_.get_executor()};
  addresses found;
  // No address_configured flag: without a network it would hide localhost.
  for (auto& entry : resolver.resolve(host, "", {}, failure))
    found.push_back(entry.endpoint().address());
  std::unique_lock guard{mutex_};
  auto served = waiting_.extract(host);
  guard.unlock();
  for (auto& done : served.mapped())
    done(found);
}

void name_resolver::stop() {
  threads_.stop();
  threads_.join();
}

asio::awaitable<std::vector<tcp::endpoint>> look_up(name_resolver& resolver, asio::io_context& io,
                                                    const http_route& route, asio::steady_timer& wake,
                                                    std::chrono::steady_clock::time_point deadline,
                                                    std::function<bool()> gives_up) {
  boost::system::error_code is_name;
  auto address = asio::ip::make_address(route.address.empty() ? route.host : route.address, is_name);
  if (!is_name)
    co_return std::vector{tcp::endpoint{address, route.port}};

  auto found = std::make_shared<lookup>();
  resolver.resolve(route.host, [&io, found, &wake](const name_resolver::addresses& addresses) {
    asio::post(io, [found, &wake, addresses] {
      if (found->is_abandoned)
        return;
      found->addresses = addresses;
      found->is_done = true;
      wake.cancel();
    });
  });
  while (!found->is_done && !gives_up() && std::chrono::steady_clock::now() < deadline) {
    wake.expires_at(deadline);
    boost::system::error_code ignored;
    co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  found->is_abandoned = true;
  std::vector<tcp::endpoint> endpoints;
  for (auto& each : found->addresses)
    endpoints.emplace_back(each, route.port);
  co_return endpoints;
}

} // namespace lode
