#include "actors/storage/fact_cache.hpp"

#include <algorithm>

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
  auto [place, is_new] = streams_.try_emplace(stream, epoch, standing);
  if (!is_new) {
    bytes_ -= place->second.bytes();
    place->second = known_facts{epoch, standing};
  }
  place->second.last_used_ = ++now_;
}

void fact_cache::put(stream_place stream, const fact_print& print) {
  put(stream, print, true);
}

void fact_cache::put_if_absent(stream_place stream, const fact_print& print) {
  put(stream, print, false);
}

int64_t fact_cache::tag_of(stream_place stream) const {
  auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.cache_tag_;
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
  while (bytes_ > max_bytes_ - max_bytes_ / 8) {
    auto is_older = [](const auto& a, const auto& b) { return a.second.last_used_ < b.second.last_used_; };
    auto oldest = std::min_element(streams_.begin(), streams_.end(), is_older);
    if (oldest == streams_.end())
      return;
    bytes_ -= oldest->second.bytes();
    streams_.erase(oldest);
  }
}

} // namespace lode
