#include "actors/storage/fact_cache.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace lode {

known_facts::answer known_facts::look(const fact_print& print) const {
  auto found = prints_.find(print.key);
  if (found == prints_.end())
    return is_complete_ ? answer::absent : answer::unknown;
  return found->second == print.fact ? answer::unchanged : answer::unknown;
}

const known_facts* fact_cache::find(stream_place stream, shard_epoch epoch) {
  auto found = streams_.find(stream);
  if (found == streams_.end() || found->second.epoch_ != epoch)
    return nullptr;
  found->second.last_used_ = ++now_;
  return &found->second;
}

void fact_cache::begin(stream_place stream, shard_epoch epoch, const stream_standing& standing) {
  forget(stream);
  auto& facts = streams_.try_emplace(stream, epoch, standing).first->second;
  facts.last_used_ = ++now_;
  bytes_ += facts.bytes();
  if (bytes_ > max_bytes_)
    make_room();
}

void fact_cache::put(stream_place stream, const fact_print& print) {
  put(stream, print, true);
}

void fact_cache::put_if_absent(stream_place stream, const fact_print& print) {
  put(stream, print, false);
}

std::optional<int64_t> fact_cache::tag_of(stream_place stream) const {
  auto found = streams_.find(stream);
  return found == streams_.end() ? std::nullopt : std::optional{found->second.cache_tag_};
}

void fact_cache::put(stream_place stream, const fact_print& print, bool replaces) {
  auto found = streams_.find(stream);
  if (found == streams_.end())
    return;
  auto& facts = found->second;
  auto before = facts.bytes();
  if (auto [place, is_new] = facts.prints_.try_emplace(print.key, print.fact); !is_new && replaces)
    place->second = print.fact;
  if (auto after = facts.bytes(); after != before) {
    bytes_ += after - before;
    if (bytes_ > max_bytes_)
      make_room();
  }
}

void fact_cache::set_tag(stream_place stream, int64_t cache_tag) {
  if (auto found = streams_.find(stream); found != streams_.end())
    found->second.cache_tag_ = cache_tag;
}

void fact_cache::forget(shard_id shard) {
  for (auto i = streams_.lower_bound({shard, stream_id{INT64_MIN}}); i != streams_.end() && i->first.shard == shard;) {
    bytes_ -= i->second.bytes();
    i = streams_.erase(i);
  }
}

void fact_cache::forget(stream_place stream) {
  if (auto found = streams_.find(stream); found != streams_.end()) {
    bytes_ -= found->second.bytes();
    streams_.erase(found);
  }
}

void fact_cache::clear() {
  streams_.clear();
  bytes_ = 0;
}

/// Frees an eighth at once, so that the search for the oldest is rare.
void fact_cache::make_room() {
  std::vector<std::pair<uint64_t, stream_place>> by_age;
  by_age.reserve(streams_.size());
  for (const auto& [place, facts] : streams_)
    by_age.emplace_back(facts.last_used_, place);
  std::sort(by_age.begin(), by_age.end());
  for (const auto& [used, place] : by_age) {
    if (bytes_ <= max_bytes_ - max_bytes_ / 8)
      return;
    forget(place);
  }
}

} // namespace lode
