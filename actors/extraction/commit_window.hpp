#pragma once

#include <caf/actor_clock.hpp>

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace lode {

/// The pages of one continuation that were handed to the writer and whose commit is not known yet, oldest first; how many there may be
/// before the next one is asked for. Pure.
class commit_window {
public:
  struct page {
    int64_t version; ///< of the row before the page
    uint64_t bytes;  ///< booked for it
    caf::actor_clock::time_point requested;
  };

  /// `is_careful`: its first pages, as many as its width, are committed one by one.
  commit_window(uint64_t width, bool is_careful) : width_(width), careful_(is_careful ? width : 0) {}

  bool has_room() const { return pages_.size() < (careful_ > 0 ? 1 : width_); }
  bool empty() const { return pages_.empty(); }
  size_t size() const { return pages_.size(); }

  void add(page next) { pages_.push_back(next); }

  /// A page was committed; the row stands at `version` now. The writer's word may come before the page is added.
  void committed(int64_t version) {
    version_ = version;
    if (careful_ > 0)
      --careful_;
  }

  /// The pages whose commit is known by now leave.
  std::vector<page> take_committed() {
    std::vector<page> out;
    for (; !pages_.empty() && pages_.front().version < version_; pages_.pop_front())
      out.push_back(pages_.front());
    return out;
  }

  /// The oldest page has left memory, and is not committed; returns what was booked for it. There is one.
  uint64_t unbook_oldest() { return std::exchange(pages_.front().bytes, 0); }

  /// Nothing of it counts any more.
  std::deque<page> take_all() { return std::exchange(pages_, {}); }

private:
  uint64_t width_;
  uint64_t careful_;    ///< pages still to be committed one by one
  int64_t version_ = 0; ///< of the row, as the writer last said; pages below it are committed
  std::deque<page> pages_;
};

} // namespace lode
