#include "runtime/node/housekeeper.hpp"

#include <chrono>

namespace lode {

namespace {

constexpr auto rest_between_looks = std::chrono::seconds{1};

} // namespace

housekeeper::housekeeper(std::unique_ptr<catalog_store> catalog)
  : catalog_(std::move(catalog)), thread_([this] { work(); }) {}

housekeeper::~housekeeper() {
  {
    std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void housekeeper::work() {
  std::unique_lock lock{mutex_};
  while (!is_stopping_) {
    lock.unlock();
    auto has_more = erase_round(*catalog_, [this] { return !is_stopping_; });
    lock.lock();
    if (!has_more)
      stopped_.wait_for(lock, rest_between_looks, [this] { return is_stopping_.load(); });
  }
}

} // namespace lode
