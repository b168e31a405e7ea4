#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "messages/ids.hpp"

namespace lode {

/// Where readers wait that have read a shard's feed to its end. However many wait, one look at a time asks the store where
/// the feeds end, and only while somebody waits; a waiting reader holds no worker, no session and no lock.
///
/// Lives on the thread of the conversations.
class feed_watch {
public:
  using clock = std::chrono::steady_clock;
  using positions = std::optional<std::vector<int64_t>>;
  /// Where the feeds of these shards end, in their order; nothing when the store does not answer.
  using look = std::function<boost::asio::awaitable<positions>(std::vector<shard_id>)>;

  explicit feed_watch(look ask) : ask_(std::move(ask)) {}

  /// True as soon as the shard's feed goes beyond `position`. False at the deadline, when the client has gone, and after
  /// a second when too many wait already.
  boost::asio::awaitable<bool> moves(shard_id shard, int64_t position, clock::time_point deadline,
                                     boost::asio::ip::tcp::socket& client);

  /// Half of the conversations that a server has at a time: readers that wait must not keep others out.
  static constexpr size_t most_waiters = 256;

private:
  struct waiter {
    shard_id shard;
    int64_t position;
    std::shared_ptr<boost::asio::steady_timer> timer; ///< cancelled when there is an answer
    bool has_moved = false;
  };

  boost::asio::awaitable<void> keep_looking();
  std::vector<shard_id> shards() const;
  void wake(const std::vector<shard_id>& shards, const std::vector<int64_t>& ends);

  look ask_;
  std::set<waiter*> waiters_; ///< each lives in the conversation that waits
  bool is_looking_ = false;
};

} // namespace lode
