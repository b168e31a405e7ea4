#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/extraction/mining_services.hpp"
#include "runtime/node/known_store.hpp"
#include "runtime/redis/shared_positions.hpp"

namespace lode {

/// Looks every two seconds, on a thread and a session of its own, whether the store is still the one that this node began with,
/// and tells Redis how far its feed is. That it went back, which a second look on a fresh session must confirm, it writes down in
/// the store, until that succeeds: the process may not live as long as its tree takes to stop. On the rest acts who runs the node
/// and asks for the news. While the store does not answer there are none.
class store_watch {
public:
  /// Each call is a session of its own, which begins at the first question to it.
  using opener = std::function<std::unique_ptr<generation_store>()>;

  /// `redis` may be nothing. What the writers find out (store_health::went_back) is news too; `health` outlives this.
  store_watch(opener open, std::unique_ptr<shared_positions> redis, known_store known, store_health& health,
              std::chrono::milliseconds rest = std::chrono::seconds{2});
  ~store_watch();
  store_watch(const store_watch&) = delete;
  store_watch& operator=(const store_watch&) = delete;

  /// What was found.
  known_store::verdict news();

private:
  void work();
  void look();
  void compare();
  void write_doubt();

  opener open_;
  std::unique_ptr<generation_store> store_;
  std::unique_ptr<shared_positions> redis_;
  known_store known_;
  store_health& health_;
  std::chrono::milliseconds rest_;
  std::string doubt_; ///< why nobody may mine this store; "" = they may
  bool is_doubt_written_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  known_store::verdict news_;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace lode
