#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/streaming.hpp"
#include "runtime/extraction/event_mapper.hpp"

namespace lode {

/// Gathers what a batch of messages tells: a page of no continuation for each stream, in the order in which they were heard.
class event_pages {
public:
  /// `batch` must outlive this.
  explicit event_pages(const process_messages& batch) : batch_(batch) {}

  void add(const heard_message& message, event_mapper& mapper);

  std::vector<hashed_page> take();
  std::vector<std::string> take_event_ids() { return std::move(event_ids_); }
  uint32_t ignored() const noexcept { return ignored_; }

private:
  hashed_page& page_of(size_t stream, const heard_message& message);

  const process_messages& batch_;
  std::map<size_t, hashed_page> pages_; ///< by index of the stream in the plan
  std::vector<std::string> event_ids_;
  uint32_t ignored_ = 0;
};

} // namespace lode
