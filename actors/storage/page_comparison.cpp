#include "actors/storage/page_comparison.hpp"

#include <algorithm>
#include <optional>

#include "messages/fault_point.hpp"

namespace lode {

namespace {

/// What a record means after `latest`; nothing when it is no change. Counts it either way.
std::optional<change_kind> judge(const stored_fact& latest, const content_hash& hash, const fact_order& order,
                                 bool is_beside_another_run, page_counters& counters) {
  if (!latest.known || (latest.deleted && !(order < latest.order))) {
    ++counters.inserted;
    return change_kind::inserted;
  }
  if (hash == latest.hash && !latest.deleted && !LODE_FAULT("compare.off")) {
    ++counters.unchanged;
    // Only the source's own field moves the order of equal content: logical time grows with every pass. Beside another run
    // it moves too: a page that run asked for earlier may still arrive, with what the record was meanwhile.
    auto is_news = is_beside_another_run ? latest.order < order : latest.order.field < order.field;
    return is_news ? std::optional{change_kind::reordered} : std::nullopt;
  }
  if (order < latest.order) {
    ++counters.refused_older;
    return std::nullopt;
  }
  ++counters.updated;
  return change_kind::updated;
}

} // namespace

page_comparison::page_comparison(fact_cache& cache, std::span<const hashed_page> pages) : cache_(cache), pages_(pages) {
  known_.reserve(pages.size());
  for (const auto& page : pages)
    look_up(page);
  for (auto& [stream, keys] : wanted_) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }
}

void page_comparison::look_up(const hashed_page& page) {
  using enum known_facts::answer;
  auto& known = known_.emplace_back(page.records.size(), unknown);
  stream_place stream{page.shard, page.stream};
  const auto* facts = cache_.find(stream, page.epoch);
  for (size_t i = 0; i < page.records.size(); ++i) {
    const auto& record = page.records[i];
    if (facts)
      known[i] = facts->look(print_of(record.key, record.hash, record.order_field));
    // Beside another run the order of an unchanged record counts, which only the store knows.
    if (known[i] == unchanged && page.is_beside_another_run)
      known[i] = unknown;
    if (known[i] == unknown)
      wanted_[stream].push_back(record.key);
  }
}

void page_comparison::learn(stream_place stream, std::span<const std::string_view> keys,
                            std::span<const stored_fact> facts) {
  auto& latest = latest_[stream];
  latest.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    latest[keys[i]] = facts[i];
    if (facts[i].known && !facts[i].deleted)
      cache_.put(stream, print_of(keys[i], facts[i].hash, facts[i].order.field));
  }
}

std::vector<page_commit> page_comparison::compare(int64_t cache_tag) {
  std::vector<page_commit> result;
  result.reserve(pages_.size());
  for (size_t i = 0; i < pages_.size(); ++i)
    result.emplace_back(compare(pages_[i], known_[i])).cache_tag = cache_tag;
  return result;
}

page_commit page_comparison::compare(const hashed_page& page, const answers& known) {
  page_commit result{page.tenant,    page.connection, page.stream,    page.shard,           page.epoch, page.partition,
                     page.move,      page.opens,      page.completed, page.completes_slice, 0,          {},
                     page.dead,      page_counters{}};
  for (auto& dead : result.dead)
    dead.order = {0, page.stamp.epoch, page.stamp.counter};
  auto& counters = result.counters;
  counters.pages = 1;
  counters.records = static_cast<int64_t>(page.records.size() + page.dead.size());
  counters.dead = static_cast<int64_t>(page.dead.size());
  counters.bytes = static_cast<int64_t>(page.body_bytes);
  auto& latest = latest_[stream_place{page.shard, page.stream}];
  for (size_t i = 0; i < page.records.size(); ++i) {
    const auto& record = page.records[i];
    // The cache speaks of what is committed; an earlier record of the group is newer.
    if (known[i] == known_facts::answer::unchanged && !latest.contains(record.key) && !LODE_FAULT("compare.off")) {
      ++counters.unchanged;
      continue;
    }
    auto& fact = latest[record.key];
    fact_order order{record.order_field, page.stamp.epoch, page.stamp.counter};
    auto kind = judge(fact, record.hash, order, page.is_beside_another_run, counters);
    if (!kind)
      continue;
    fact = {true, false, record.hash, order};
    result.changes.push_back({*kind, record.key, record.payload, record.hash, order});
  }
  return result;
}

std::vector<fact_print> prints_after(const page_commit& page, const page_outcome& outcome) {
  std::vector<fact_print> out;
  out.reserve(page.changes.size());
  const auto& dead = outcome.dead_lettered;
  for (const auto& change : page.changes) {
    auto& print = out.emplace_back(print_of(change.key, change.hash, change.order.field));
    if (change.kind == change_kind::deleted || std::find(dead.begin(), dead.end(), change.key) != dead.end())
      print.fact = 0;
  }
  return out;
}

void remember(fact_cache& cache, const page_commit& page, const page_outcome& outcome) {
  stream_place stream{page.shard, page.stream};
  if (outcome.status == commit_status::refused_fence)
    return cache.forget(page.shard);
  if (outcome.status == commit_status::refused_version)
    return cache.forget(stream);
  if (outcome.status != commit_status::committed || page.changes.empty())
    return;
  for (const auto& print : prints_after(page, outcome))
    cache.put(stream, print);
  cache.set_tag(stream, page.cache_tag);
}

} // namespace lode
