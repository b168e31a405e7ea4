#pragma once

#include <cstdint>

namespace lode {

/// Bytes of responses that may be in flight on a node: reserved before a request, corrected when the response is here,
/// given back when its page is committed, or void and gone from all mailboxes. Requests for the head page of a continuation
/// may use all of it, pages fetched ahead half. Pure.
class byte_budget {
public:
  explicit byte_budget(uint64_t capacity) : capacity_(capacity) {}

  /// Reserves `bytes` or nothing. One head page always fits an empty budget, however large it is.
  bool reserve(uint64_t bytes, bool is_ahead) {
    auto limit = is_ahead ? capacity_ / 2 : capacity_;
    if (used_ + bytes > limit && (used_ > 0 || is_ahead))
      return false;
    used_ += bytes;
    return true;
  }

  /// Books the true size of what was reserved as `from`, whether or not there is room: it is already here.
  void correct(uint64_t from, uint64_t to) {
    give_back(from);
    used_ += to;
  }

  void give_back(uint64_t bytes) { used_ -= bytes < used_ ? bytes : used_; }

  uint64_t used() const noexcept { return used_; }

private:
  uint64_t capacity_;
  uint64_t used_ = 0;
};

} // namespace lode
