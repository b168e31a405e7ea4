#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <mutex>

#include "runtime/console/access_check.hpp"
#include "runtime/console/feed_watch.hpp"
#include "runtime/console/late_answers.hpp"
#include "runtime/console/router.hpp"

namespace lode {

struct session_parts;

/// Where the feeds of `shards` end, as a worker with its stores finds out.
boost::asio::awaitable<feed_watch::positions> look_at_feeds(session_parts& parts, std::vector<shard_id> shards);

/// What all conversations of a server share. Outlives them.
struct session_parts {
  router routes;
  console_services services;
  access_check access;
  uint64_t max_body = 0;
  boost::asio::thread_pool& workers;
  std::mutex guard;
  std::vector<console_stores> free_stores; ///< as many as workers
  std::atomic<int> open_sessions{0};
  boost::asio::thread_pool& hook_worker; ///< one thread: webhooks never take the workers of people
  std::shared_ptr<late_answers> late{};
  int open_hooks = 0; ///< I/O thread only
  feed_watch watch{[this](std::vector<shard_id> shards) { return look_at_feeds(*this, std::move(shards)); }};
};

/// One keep-alive conversation with a client, to its end.
boost::asio::awaitable<void> converse(boost::asio::ip::tcp::socket socket, session_parts& parts);

} // namespace lode
