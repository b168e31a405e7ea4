#include "actors/storage/page_comparison.hpp"

#include <optional>
#include <unordered_set>

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

page_comparison::wanted_keys page_comparison::keys_of(std::span<const hashed_page> pages) {
  wanted_keys result;
  std::map<stream_key, std::unordered_set<std::string_view>> seen;
  for (const auto& page : pages) {
    stream_key stream{page.shard, page.stream};
    for (const auto& record : page.records)
      if (seen[stream].insert(record.key).second)
        result[stream].push_back(record.key);
  }
  return result;
}

void page_comparison::learn(stream_key stream, std::span<const std::string_view> keys,
                            std::span<const stored_fact> facts) {
  auto& known = latest_[stream];
  known.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    known[keys[i]] = facts[i];
}

page_commit page_comparison::compare(const hashed_page& page) {
  page_commit result{page.tenant,    page.connection, page.stream,    page.shard,           page.epoch, page.partition,
                     page.move,      page.opens,      page.completed, page.completes_slice, {},         page.dead,
                     page_counters{}};
  for (auto& dead : result.dead)
    dead.order = {0, page.stamp.epoch, page.stamp.counter};
  auto& counters = result.counters;
  counters.pages = 1;
  counters.records = static_cast<int64_t>(page.records.size() + page.dead.size());
  counters.dead = static_cast<int64_t>(page.dead.size());
  counters.bytes = static_cast<int64_t>(page.body_bytes);
  auto& known = latest_[stream_key{page.shard, page.stream}];
  for (const auto& record : page.records) {
    auto& latest = known[record.key];
    fact_order order{record.order_field, page.stamp.epoch, page.stamp.counter};
    auto kind = judge(latest, record.hash, order, page.is_beside_another_run, counters);
    if (!kind)
      continue;
    latest = {true, false, record.hash, order};
    result.changes.push_back({*kind, record.key, record.payload, record.hash, order});
  }
  return result;
}

} // namespace lode
