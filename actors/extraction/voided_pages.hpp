#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

namespace lode {

/// Bytes of pages that their miner no longer waits for and that still lie in the mailbox of a processor or of the writer:
/// they stay booked until one of the two has spoken of the page, else the budget would forget what is in memory. Pure.
class voided_pages {
public:
  void add(uint64_t generation, uint64_t bytes) {
    if (bytes > 0)
      pages_.push_back({generation, bytes});
  }

  /// A page of this generation has left memory; returns what it held, 0 for one that is not booked here. Pages of a
  /// generation leave in their order.
  uint64_t leave(uint64_t generation) {
    auto found = std::find_if(pages_.begin(), pages_.end(),
                              [generation](const page& each) { return each.generation == generation; });
    if (found == pages_.end())
      return 0;
    auto bytes = found->bytes;
    pages_.erase(found);
    return bytes;
  }

  /// All of them have left memory.
  uint64_t leave_all() {
    uint64_t bytes = 0;
    for (const auto& each : std::exchange(pages_, {}))
      bytes += each.bytes;
    return bytes;
  }

private:
  struct page {
    uint64_t generation;
    uint64_t bytes;
  };
  std::deque<page> pages_;
};

} // namespace lode
