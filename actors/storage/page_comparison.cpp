#include "actors/storage/page_comparison.hpp"

#include <algorithm>

#include "actors/storage/fact_verdict.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

namespace {

int64_t form_of(const hashed_page& page) {
  return page.form ? page.form->number : 0;
}

void count(fact_count as, page_counters& counters) {
  switch (as) {
    case fact_count::inserted: ++counters.inserted; break;
    case fact_count::updated: ++counters.updated; break;
    case fact_count::deleted: ++counters.deleted; break;
    case fact_count::unchanged: ++counters.unchanged; break;
    case fact_count::refused_older: ++counters.refused_older; break;
  }
}

/// Whether the order of an unchanged record counts, which only the store knows.
bool needs_order(const hashed_page& page) {
  return page.is_beside_another_run || page.is_of_events;
}

/// What the page saw, for the sweep of its full pass. Of a record that died the key may be all that is known, or not even that.
std::vector<uint64_t> marks_of(const hashed_page& page) {
  std::vector<uint64_t> marks;
  if (!page.pass)
    return marks;
  marks.reserve(page.records.size() + page.dead.size() + 1);
  for (const auto& record : page.records)
    marks.push_back(print_of(record.key, {}, 0).key);
  for (const auto& dead : page.dead)
    marks.push_back(dead.key.empty() ? unreadable_mark : print_of(dead.key, {}, 0).key);
  if (page.is_unsure)
    marks.push_back(unreadable_mark);
  return marks;
}

/// By logical time: order fields apart.
const fact_order& latest_of(const fact_order& a, const fact_order& b) {
  return is_before(a, b) ? b : a;
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
  const auto form = form_of(page);
  if (page.form)
    forms_[stream].insert(form);
  for (size_t i = 0; i < page.records.size(); ++i) {
    const auto& record = page.records[i];
    if (facts)
      known[i] = facts->look(print_of(record.key, record.hash, record.order_field, form));
    if (known[i] == unchanged && needs_order(page))
      known[i] = unknown;
    if (known[i] == unknown)
      wanted_[stream].push_back(record.key);
  }
  for (const auto& key : page.unseen) // what is deleted keeps its order, which only the store knows
    wanted_[stream].push_back(key);
}

std::vector<std::string_view> page_comparison::learn(stream_place stream, std::span<const std::string_view> keys,
                                                     std::span<const stored_fact> facts) {
  std::vector<std::string_view> of_another_form;
  const auto& forms = forms_[stream];
  auto is_of_another = [&](const stored_fact& fact) {
    return !forms.empty() && (forms.size() > 1 || *forms.begin() != fact.form);
  };
  auto& latest = latest_[stream];
  latest.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    latest[keys[i]].fact = facts[i];
    if (!facts[i].known || facts[i].deleted)
      continue;
    cache_.put(stream, print_of(keys[i], facts[i].hash, facts[i].order.field, facts[i].form));
    if (is_of_another(facts[i]))
      of_another_form.push_back(keys[i]);
  }
  return of_another_form;
}

void page_comparison::learn_payloads(stream_place stream, std::span<const std::string_view> keys,
                                     std::vector<std::string> payloads) {
  const auto& kept = payloads_.emplace_back(std::move(payloads));
  auto& latest = latest_[stream];
  for (size_t i = 0; i < keys.size(); ++i)
    latest[keys[i]].payload = kept[i];
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
                     page.dead,      page_counters{},  form_of(page)};
  for (auto& dead : result.dead)
    dead.order = {0, page.stamp.epoch, page.stamp.counter};
  result.pass = page.pass;
  result.marks = marks_of(page);
  result.anchor = page.anchor;
  auto& counters = result.counters;
  counters.pages = page.is_sweep ? 0 : 1;
  counters.records = static_cast<int64_t>(page.records.size() + page.dead.size());
  counters.dead = static_cast<int64_t>(page.dead.size());
  counters.bytes = static_cast<int64_t>(page.body_bytes);
  auto& latest = latest_[stream_place{page.shard, page.stream}];
  for (size_t i = 0; i < page.records.size(); ++i) {
    const auto& record = page.records[i];
    // The cache speaks of what is committed; an earlier record of the group is newer.
    if (known[i] == known_facts::answer::unchanged && !latest.contains(record.key) && !LODE_FAULT("compare.off"))
      ++counters.unchanged;
    else
      compare(page, record, latest[record.key], result);
  }
  for (const auto& key : page.unseen)
    remove(key, page.stamp, latest[key], result);
  for (const auto& key : page.doubts)
    result.rechecks.push_back({key, page.recheck_in, page.stamp});
  result.rechecked = page.rechecked;
  return result;
}

/// What came after the full pass had begun stays: it is news, whatever the pass did not see.
void page_comparison::remove(const std::string& key, const fact_order& stamp, latest_fact& latest, page_commit& result) {
  const auto& fact = latest.fact;
  if (!fact.known || fact.deleted || !is_before(fact.order, stamp))
    return;
  // As of the beginning of the pass: what was asked for since may bring the record back.
  const fact_order order{fact.order.field, stamp.epoch, stamp.counter};
  latest = {{true, true, {}, order, result.form}, {}, true};
  result.changes.push_back({change_kind::deleted, key, {}, {}, order});
  ++result.counters.deleted;
}

void page_comparison::compare(const hashed_page& page, const hashed_record& record, latest_fact& latest,
                              page_commit& into) const {
  auto& fact = latest.fact;
  told_fact told;
  told.order = {record.order_field, page.stamp.epoch, record.counter ? record.counter : page.stamp.counter};
  told.is_deleted = record.is_deleted;
  told.is_same = fact.known && fact.deleted == record.is_deleted && (record.is_deleted || is_same(latest, page, record))
                 && !LODE_FAULT("compare.off");
  told.is_of_event = page.is_of_events;
  told.is_beside_another_run = page.is_beside_another_run;
  told.doubt_from = page.is_of_events && !page.doubt_from ? std::optional{told.order} : page.doubt_from;
  auto verdict = judge(fact, told);
  count(verdict.counts_as, into.counters);
  if (verdict.is_in_doubt)
    into.rechecks.push_back({record.key, page.recheck_in, latest_of(fact.order, told.order)});
  // The stored text stays, so an older page may say it too. What this group has touched is left to the next pass: one
  // statement touches a row once.
  if (told.is_same && !told.is_deleted && fact.form != into.form && page.form && !latest.is_of_group) {
    into.changes.push_back({change_kind::reformed, record.key, {}, record.hash, fact.order});
    fact.hash = record.hash;
    fact.form = into.form;
    latest.is_of_group = true;
  }
  if (!verdict.change)
    return;
  // A tombstone is written the long way; without a comparison nobody knows.
  const auto is_first = !fact.known && !record.is_deleted && !LODE_FAULT("compare.off");
  latest = {{true, record.is_deleted, record.hash, verdict.order, into.form}, record.payload, true};
  into.changes.push_back({*verdict.change, record.key, record.payload, record.hash, verdict.order, is_first});
}

bool page_comparison::is_same(const latest_fact& latest, const hashed_page& page, const hashed_record& record) const {
  if (!page.form || latest.fact.form == page.form->number)
    return latest.fact.hash == record.hash;
  return page.form->hash(latest.payload) == record.hash;
}

std::vector<fact_print> prints_after(const page_commit& page, const page_outcome& outcome) {
  std::vector<fact_print> out;
  out.reserve(page.changes.size());
  const auto& dead = outcome.dead_lettered;
  for (const auto& change : page.changes) {
    auto& print = out.emplace_back(print_of(change.key, change.hash, change.order.field, page.form));
    if (change.hash == content_hash{} || std::find(dead.begin(), dead.end(), change.key) != dead.end())
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
