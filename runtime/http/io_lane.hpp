#pragma once

#include "runtime/http/connection.hpp"
#include "runtime/http/connection_table.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/http/name_resolver.hpp"
#include "runtime/http/redirect_policy.hpp"
#include "runtime/http/route.hpp"
#include "runtime/http/url.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace lode {

class io_lane;

/// One started request on its way. At any time one lane works on it; the atomics are for cancel().
struct http_exchange {
  explicit http_exchange(unsigned max_redirects) : redirects(max_redirects) {}

  uint64_t id = 0;
  http_request request; ///< of the current hop
  http_client::callback done;
  redirect_policy redirects;
  connection::clock::time_point started;
  connection::clock::duration worked{0}; ///< of all hops, without the waits for a connection

  std::atomic<bool> is_cancelled = false;
  std::atomic<io_lane*> lane = nullptr;

  std::optional<boost::asio::steady_timer> wake;  ///< ends a wait that is not for a socket
  std::shared_ptr<connection> in_use;
};

/// What all lanes share. Read-only after construction, but for the resolver's threads.
struct lane_resources {
  http_client_settings settings;
  route_table routes;
  boost::asio::ssl::context tls{boost::asio::ssl::context::tls_client};
  name_resolver resolver;
};

/// An I/O thread with the connections to its share of the hosts.
class io_lane {
public:
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  io_lane(lane_resources& shared, connection_table<std::shared_ptr<connection>>::limits limits);
  ~io_lane();

  boost::asio::io_context& io() { return io_; }

  /// Sends one request and reads its response. Follows no redirect.
  awaitable<http_result> ask(http_exchange& exchange, const http_url& url);

  /// Ends what `exchange` waits for. On the lane's thread.
  void interrupt(http_exchange& exchange);

  void add_to(http_client_stats& sum) const;

private:
  using table = connection_table<std::shared_ptr<connection>>;
  using time_point = connection::clock::time_point;
  struct hop;
  struct reply;
  class place;

  awaitable<std::optional<http_error>> wait_for_place(hop& current, place& own);
  awaitable<std::optional<http_error>> open(hop& current);
  awaitable<std::optional<http_error>> open_tunnel(hop& current);
  awaitable<reply> talk(hop& current, const std::string& head);
  awaitable<http_result> talk_again_if_stale(hop& current, place& own);

  void publish();

  lane_resources& shared_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  table connections_;
  std::atomic<uint64_t> stale_retries_ = 0, opened_ = 0, bytes_received_ = 0;
  std::atomic<uint64_t> open_ = 0, idle_ = 0, waiting_ = 0;
  std::thread thread_; // last: it uses all of the above
};

} // namespace lode
