#include "runtime/node/housekeeper.hpp"

#include <utility>

#include "messages/error.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

constexpr auto rest_between_looks = std::chrono::seconds{1};
constexpr auto rest_between_passes = std::chrono::minutes{10};
constexpr auto rest_after_failure = std::chrono::minutes{1};

} // namespace

housekeeper::housekeeper(std::unique_ptr<catalog_store> catalog, std::unique_ptr<upkeep_store> upkeep, retention keep,
                         std::function<void()> at_pass)
    : catalog_(std::move(catalog)), upkeep_(std::move(upkeep)), keep_(keep), at_pass_(std::move(at_pass)), thread_([this] { work(); }) {}

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
    auto has_more = erase_round(*catalog_, [this] { return !is_stopping_; }) || tidy_step();
    lock.lock();
    if (!has_more)
      stopped_.wait_for(lock, rest_between_looks, [this] { return is_stopping_.load(); });
  }
}

bool housekeeper::tidy_step() {
  auto now = std::chrono::steady_clock::now();
  if (now < next_pass_)
    return false;
  if (!std::exchange(is_in_pass_, true))
    at_pass_();
  auto has_more = upkeep_->tidy_some(keep_, rows_per_step);
  if (has_more && *has_more)
    return true;
  is_in_pass_ = false;
  next_pass_ = now + (has_more ? rest_between_passes : rest_after_failure);
  if (!has_more && code_of(has_more.error()) != errc::store_unavailable)
    log_warning("old runs, dead letters and changes are not removed: " + message_of(has_more.error()));
  return false;
}

} // namespace lode
