#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "runtime/node/known_store.hpp"
#include "runtime/redis/shared_positions.hpp"

namespace lode {

/// Looks every two seconds, on a thread and a session of its own, whether the store is still the one that this node began with,
/// and tells Redis how far its feed is. Acts on nothing: who runs the node asks for the news. While the store does not answer
/// there are none.
class store_watch {
public:
  /// `redis` may be nothing. What the writers find out (store_health::went_back) is news too. Both outlive this.
  store_watch(std::unique_ptr<generation_store> store, std::unique_ptr<shared_positions> redis, known_store known,
              incarnation self, store_health& health);
  ~store_watch();
  store_watch(const store_watch&) = delete;
  store_watch& operator=(const store_watch&) = delete;

  /// What was found and not yet taken.
  known_store::verdict news();
  /// The shards that this node still owns, after store_finding::shards_lost, which is taken with it.
  std::vector<shard_claim> take_claims();

private:
  void work();
  void look();

  std::unique_ptr<generation_store> store_;
  std::unique_ptr<shared_positions> redis_;
  known_store known_;
  incarnation self_;
  store_health& health_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  known_store::verdict news_;
  std::vector<shard_claim> claims_;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace lode
