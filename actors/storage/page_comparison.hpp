#pragma once

#include <map>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "messages/extraction.hpp"
#include "messages/storage.hpp"

namespace lode {

/// Decides what each record of a group of pages becomes. Compares in commit order with the latest fact of its key: of an
/// earlier record of the same group, else of the store. A -> B -> A is two changes. Pure.
class page_comparison {
public:
  using stream_key = std::pair<shard_id, stream_id>;
  /// Keys whose stored facts the group needs, by stream, each once.
  using wanted_keys = std::map<stream_key, std::vector<std::string_view>>;

  static wanted_keys keys_of(std::span<const hashed_page> pages);

  /// `facts` in the order of the keys asked.
  void learn(stream_key stream, std::span<const std::string_view> keys, std::span<const stored_fact> facts);

  /// The page as it is committed. Call once per page, in commit order; keys are viewed in, not copied from, the pages.
  page_commit compare(const hashed_page& page);

private:
  using latest_facts = std::unordered_map<std::string_view, stored_fact>;

  std::map<stream_key, latest_facts> latest_;
};

} // namespace lode
