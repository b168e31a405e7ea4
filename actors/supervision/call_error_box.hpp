#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/storage/standing_store.hpp"

namespace lode {

/// Failed calls on their way into the store. Bounded: of too many the oldest are dropped. Any thread.
class call_error_box {
public:
  explicit call_error_box(size_t capacity = 1'000) : capacity_(capacity) {}

  /// What is added now would not only push out what was added just before: worth being described.
  bool has_room() const {
    std::lock_guard lock{mutex_};
    return kept_.size() < capacity_ || ++passed_ % 16 == 0;
  }
  void add(call_error error) {
    std::lock_guard lock{mutex_};
    if (kept_.size() >= capacity_) {
      kept_.pop_front();
      ++dropped_;
    }
    kept_.push_back(std::move(error));
  }
  /// The oldest ones, to be told; what could not be told comes back().
  std::vector<call_error> take(size_t most) {
    std::lock_guard lock{mutex_};
    std::vector<call_error> out;
    while (!kept_.empty() && out.size() < most) {
      out.push_back(std::move(kept_.front()));
      kept_.pop_front();
    }
    return out;
  }
  void back(std::vector<call_error> errors) {
    std::lock_guard lock{mutex_};
    for (auto i = errors.rbegin(); i != errors.rend(); ++i)
      if (kept_.size() < capacity_)
        kept_.push_front(std::move(*i));
      else
        ++dropped_;
  }
  uint64_t dropped() const {
    std::lock_guard lock{mutex_};
    return dropped_;
  }

private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  mutable uint64_t passed_ = 0;
  std::deque<call_error> kept_;
  uint64_t dropped_ = 0;
};

} // namespace lode
