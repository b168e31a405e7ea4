#include "runtime/node/store_watch.hpp"

#include <utility>

namespace lode {

namespace {

constexpr auto rest_between_looks = std::chrono::seconds{2};

} // namespace

store_watch::store_watch(std::unique_ptr<generation_store> store, std::unique_ptr<shared_positions> redis, known_store known,
                         incarnation self, store_health& health)
  : store_(std::move(store)),
    redis_(std::move(redis)),
    known_(known),
    self_(self),
    health_(health),
    thread_([this] { work(); }) {}

store_watch::~store_watch() {
  {
    std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void store_watch::work() {
  std::unique_lock lock{mutex_};
  while (!is_stopping_) {
    lock.unlock();
    look();
    lock.lock();
    stopped_.wait_for(lock, rest_between_looks, [this] { return is_stopping_; });
  }
}

void store_watch::look() {
  auto seen = store_->look(self_);
  if (!seen)
    return;
  auto found = known_.judge(*seen);
  std::vector<shard_claim> claims;
  if (found.what == store_finding::shards_lost) {
    auto left = store_->claims_of(self_);
    if (!left)
      return;
    claims = std::move(*left);
    known_.keep(claims.size());
  }
  if (found.what == store_finding::as_expected) {
    if (redis_)
      redis_->raise(seen->positions);
    return;
  }
  std::lock_guard lock{mutex_};
  news_ = std::move(found);
  claims_ = std::move(claims);
}

known_store::verdict store_watch::news() {
  if (auto why = health_.went_back(); !why.empty())
    return {store_finding::went_back, why};
  std::lock_guard lock{mutex_};
  return news_;
}

std::vector<shard_claim> store_watch::take_claims() {
  std::lock_guard lock{mutex_};
  if (news_.what == store_finding::shards_lost)
    news_ = {};
  return claims_;
}

} // namespace lode
