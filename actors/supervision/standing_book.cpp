#include "actors/supervision/standing_book.hpp"

#include <algorithm>

namespace lode {

void standing_book::begin(instant now, const std::vector<connection_id>& left) {
  now_ = now;
  left_.insert(left.begin(), left.end());
  ++look_;
}

void standing_book::see(const connection_work& work, const standing_inputs& inputs) {
  auto judged = judge_standing(work, inputs);
  if (!judged)
    return;
  left_.erase(work.connection); // it is worked for again
  auto& each = known_[work.connection];
  each.look = look_;
  count(each, work.records);
  judged->records_per_second = each.now.records_per_second;
  judged->last_commit = work.last_commit ? work.last_commit : each.now.last_commit;
  // What it waits with may change from page to page; it still waits for the same until something commits.
  const auto& before = each.now;
  if (judged->reason == before.reason && judged->reason != wait_reason::none
      && (!judged->last_commit || *judged->last_commit < before.since))
    judged->since = std::min(judged->since, before.since);
  each.now = std::move(*judged);
}

void standing_book::count(known& each, int64_t records) {
  auto& seen = each.records;
  if (!seen.empty() && records < seen.back().second)
    seen.clear(); // counted anew since
  seen.emplace_back(now_, records);
  while (seen.size() > 2 && seen[1].first <= now_ - refresh)
    seen.pop_front();
  const auto span = std::chrono::duration<double>(now_ - seen.front().first).count();
  each.now.records_per_second = span > 0 ? static_cast<double>(records - seen.front().second) / span : 0;
}

/// A wait that is known to end at another time is another wait, for people who look at a clock.
bool standing_book::is_news(const known& each) {
  if (!each.told || each.told->reason != each.now.reason)
    return true;
  const auto moved = each.told->until && each.now.until ? *each.now.until - *each.told->until : std::chrono::microseconds{0};
  return moved > refresh || moved < -refresh;
}

standing_book::entries standing_book::end() {
  entries out;
  std::vector<std::pair<instant, const known*>> stale;
  for (const auto& [connection, each] : known_) {
    if (each.look != look_)
      left_.insert(connection);
    else if (is_news(each))
      out.changed.push_back(each.now);
    else if (now_ - each.told_at >= refresh)
      stale.emplace_back(each.told_at, &each);
  }
  out.ended.assign(left_.begin(), left_.end());
  std::sort(stale.begin(), stale.end());
  for (size_t i = 0; i < stale.size() && out.changed.size() < most_at_once; ++i)
    out.changed.push_back(stale[i].second->now);
  if (out.changed.size() > most_at_once)
    out.changed.resize(most_at_once);
  return out;
}

void standing_book::told(const entries& written) {
  for (const auto& each : written.changed)
    if (auto i = known_.find(each.connection); i != known_.end()) {
      i->second.told = each;
      i->second.told_at = now_;
    }
  for (auto connection : written.ended) {
    known_.erase(connection);
    left_.erase(connection);
  }
}

} // namespace lode
