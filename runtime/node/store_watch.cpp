#include "runtime/node/store_watch.hpp"

#include <utility>

namespace lode {

store_watch::store_watch(opener open, std::unique_ptr<shared_positions> redis, known_store known, store_health& health, std::chrono::milliseconds rest)
  : open_(std::move(open)),
    store_(open_()),
    redis_(std::move(redis)),
    known_(known),
    health_(health),
    rest_(rest),
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
    stopped_.wait_for(lock, rest_, [this] { return is_stopping_; });
  }
}

void store_watch::look() {
  if (doubt_.empty())
    doubt_ = health_.went_back();
  if (doubt_.empty())
    compare();
  if (!doubt_.empty() && !is_doubt_written_)
    write_doubt();
}

void store_watch::write_doubt() {
  if (store_->doubt(known_.generation(), doubt_))
    store_ = open_(); // this session may be at a server that takes no writes
  else
    is_doubt_written_ = true;
}

void store_watch::compare() {
  auto seen = store_->look();
  if (!seen)
    return;
  auto found = known_.judge(*seen);
  if (found.what == store_finding::went_back) { // unless this session had landed on a server that is behind
    store_ = open_();
    seen = store_->look();
    if (!seen)
      return;
    found = known_.judge(*seen);
  }
  if (found.what == store_finding::as_expected) {
    if (redis_)
      redis_->raise(seen->positions);
    return;
  }
  if (found.what == store_finding::went_back)
    doubt_ = found.why;
  std::lock_guard lock{mutex_};
  news_ = std::move(found);
}

known_store::verdict store_watch::news() {
  if (auto why = health_.went_back(); !why.empty())
    return {store_finding::went_back, why};
  std::lock_guard lock{mutex_};
  return news_;
}

} // namespace lode
