#pragma once

#include "runtime/http/route.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace lode {

/// Asks the system's resolver on threads of its own: getaddrinfo blocks, and a hanging name server must not hold up more
/// than the names it is asked for. Who asks for a name that is being looked up already shares the answer. Thread-safe.
class name_resolver {
public:
  using addresses = std::vector<boost::asio::ip::address>;
  using callback = std::function<void(const addresses&)>;

  ~name_resolver() { stop(); }

  /// `done` is called once, on one of the resolver's threads; with nothing if the name has no address.
  void resolve(const std::string& host, callback done);

  /// After this no callback is called any more.
  void stop();

private:
  void look_up_now(const std::string& host);

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<callback>> waiting_; ///< by the name that is being looked up
  boost::asio::thread_pool threads_{4};
};

/// The endpoints of the route's peer. None: it has none, the deadline has passed, or `gives_up` was true after `wake` had
/// been cancelled. On the thread of `io`, which outlives the resolver's threads.
boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>>
look_up(name_resolver& resolver, boost::asio::io_context& io, const http_route& route, boost::asio::steady_timer& wake,
        std::chrono::steady_clock::time_point deadline, std::function<bool()> gives_up);

} // namespace lode
