#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>
#include <mutex>

#include "runtime/console/access_check.hpp"
#include "runtime/console/feed_watch.hpp"
#include "runtime/console/late_answers.hpp"
#include "runtime/console/live_topics.hpp"
#include "runtime/console/router.hpp"
#include "runtime/console/session_limits.hpp"

namespace lode {

struct session_parts;

/// Where the feeds of `shards` end, as a worker with its stores finds out.
boost::asio::awaitable<feed_watch::positions> look_at_feeds(session_parts& parts, std::vector<shard_id> shards);

/// What a GET of the path under /api/v1 answers now; nothing when it does not.
boost::asio::awaitable<std::optional<boost::json::value>> look_at_topic(session_parts& parts, std::string path);

/// What all conversations of a server share. Outlives them.
struct session_parts {
  router routes;
  console_services services;
  access_check access; ///< I/O thread only
  uint64_t max_body = 0;
  boost::asio::thread_pool& workers;
  boost::asio::thread_pool& hook_worker; ///< one thread: webhooks never take the workers of people
  session_limits limits{};
  std::unique_ptr<boost::asio::ssl::context> tls{}; ///< null: plain HTTP
  std::mutex guard{};
  std::vector<console_stores> free_stores{}; ///< as many as workers
  std::shared_ptr<late_answers> late{};
  // I/O thread only
  int open_sessions = 0;
  std::map<std::string, int> open_by_address{};
  int open_hooks = 0;
  feed_watch watch{[this](std::vector<shard_id> shards) { return look_at_feeds(*this, std::move(shards)); }};
  live_topics topics{[this](std::string path) { return look_at_topic(*this, std::move(path)); }};
};

/// One keep-alive conversation with a client, to its end. At once over where there are too many.
boost::asio::awaitable<void> converse(boost::asio::ip::tcp::socket socket, session_parts& parts);

} // namespace lode
