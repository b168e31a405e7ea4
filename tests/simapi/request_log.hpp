#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace simapi {

/// One request as the log keeps it.
struct request_entry {
  uint64_t seq = 0;
  int64_t time = 0;
  int32_t tenant = -1;
  std::string stream;
  bool post = false;
  bool completed = false;
  uint16_t status = 0;
  uint32_t records = 0;
  std::string fault;
  std::string target; // without secrets
  std::string page;   // which page it is, free of tokens
};

/// The latest requests, oldest dropped first.
class request_log {
public:
  explicit request_log(size_t capacity) : capacity_(capacity) {}

  /// Answers the entry's sequence number.
  uint64_t add(request_entry entry) {
    entry.seq = ++last_;
    entries_.push_back(std::move(entry));
    if (entries_.size() > capacity_) {
      entries_.pop_front();
      ++dropped_;
    }
    return last_;
  }

  /// The entry, unless it was dropped or cleared.
  request_entry* find(uint64_t seq) {
    auto first = last_ - entries_.size() + 1;
    return seq < first || seq > last_ ? nullptr : &entries_[seq - first];
  }

  const std::deque<request_entry>& entries() const { return entries_; }
  uint64_t dropped() const { return dropped_; }
  void clear() { entries_.clear(); }

private:
  size_t capacity_;
  uint64_t last_ = 0;
  uint64_t dropped_ = 0;
  std::deque<request_entry> entries_;
};

} // namespace simapi
