#include "runtime/node/housekeeper.hpp"

#include <chrono>

namespace lode {

namespace {

constexpr size_t rows_per_step = 1'000;
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
    auto has_more = erase_step();
    lock.lock();
    if (!has_more)
      stopped_.wait_for(lock, rest_between_looks, [this] { return is_stopping_; });
  }
}

bool housekeeper::erase_step() {
  auto connections = catalog_->list_deleting_connections();
  if (connections && !connections->empty())
    return static_cast<bool>(catalog_->erase_some(connections->front().id, rows_per_step));
  auto tenants = catalog_->list_deleting_tenants();
  if (tenants && !tenants->empty())
    return static_cast<bool>(catalog_->erase_some(tenants->front().id, rows_per_step));
  return false;
}

} // namespace lode
