#include "tests/audit/key_audit.hpp"

#include <algorithm>

#include "tests/audit/difference.hpp"

namespace audit {

namespace {

const ignored_paths nothing_ignored;

bool has(const auto& versions, const content_hash& hash) {
  return std::ranges::any_of(versions, [&](const auto& each) { return each.hash == hash; });
}

std::string at_seq(const feed_entry& entry) { return "at seq " + std::to_string(entry.seq); }

} // namespace

void key_audit::add(defect_kind kind, std::string detail) {
  ++result_.kinds[static_cast<size_t>(kind)];
  switch (class_of(kind)) {
    case defect_class::lost:
      result_.lost += !is_lost_; // counted in keys
      is_lost_ = true;
      break;
    case defect_class::duplicated:
      ++result_.duplicated;
      break;
    case defect_class::damaged:
      ++result_.damaged;
  }
  if (result_.defects.size() < rules_.list_at_most)
    result_.defects.push_back({kind, tenant_, std::string{stream_}, std::string{key_}, std::move(detail)});
}

std::optional<content_hash> key_audit::hash(std::string_view text) {
  // As a rule the store holds the very bytes that were served.
  for (const auto& each : served_)
    if (each.text == text)
      return each.hash;
  if (!canonical_.make(text, *ignored_))
    return {};
  return hash_of(canonical_.result(), rules_.hash_seed);
}

void key_audit::check(std::string_view stream, std::string_view key, const key_facts& facts) {
  stream_ = stream;
  key_ = key;
  is_lost_ = false;
  auto i = rules_.ignored.find(stream);
  ignored_ = i == rules_.ignored.end() ? &nothing_ignored : &i->second;
  ++result_.keys;
  result_.rows += facts.row && !facts.row->deleted;
  result_.feed_entries += static_cast<int64_t>(facts.feed.size());
  if (!facts.truth)
    return add(defect_kind::row_unserved, "the API never had this key");
  collect_versions(*facts.truth);
  auto wanted = expected(*facts.truth);
  check_row(facts, wanted);
  check_feed(facts, wanted);
}

void key_audit::collect_versions(const truth_record& truth) {
  served_.clear();
  final_.reset();
  result_.versions_served += static_cast<int64_t>(truth.served.size());
  for (const auto& each : truth.served) {
    if (is_dead(each.text)) {
      ++result_.dead_lettered;
    } else if (!served_.empty() && served_.back().text == each.text) {
      continue;
    } else if (auto content = hash(each.text)) {
      // Versions that differ in ignored fields or spelling only are one fact.
      if (served_.empty() || served_.back().hash != *content)
        served_.push_back({each.number, each.text, *content});
    } else {
      add(defect_kind::truth_unreadable, "version " + std::to_string(each.number) + ": " + canonical_.error());
    }
  }
  if (truth.deleted || is_dead(truth.final))
    return;
  bool was_served = !truth.served.empty() && truth.served.back().text == truth.final;
  if (was_served && !served_.empty() && served_.back().text == truth.final)
    final_ = served_.back();
  else if (auto content = hash(truth.final))
    final_ = version{truth.version, truth.final, *content};
  else if (!was_served)
    add(defect_kind::truth_unreadable, "the record as it is now: " + canonical_.error());
}

key_audit::expectation key_audit::expected(const truth_record& truth) {
  if (truth.deleted && !rules_.served_only)
    return {{}, true};
  if (!rules_.served_only && final_)
    return {{*final_}, false};
  if (served_.empty())
    return {};
  expectation wanted{{served_.back()}, truth.deleted};
  if (truth.uncertain && served_.size() > 1)
    wanted.any_of.push_back(served_[served_.size() - 2]);
  else if (truth.uncertain)
    wanted.deleted = true; // its only version may not have arrived
  return wanted;
}

void key_audit::check_row(const key_facts& facts, const expectation& wanted) {
  bool is_alive = facts.row && !facts.row->deleted;
  if (!is_alive) {
    if (!wanted.any_of.empty() && !wanted.deleted)
      add(defect_kind::row_missing, facts.row ? "the store says that it is deleted" : "the store has no such key");
    else if (!facts.row && !facts.feed.empty())
      add(defect_kind::row_missing, "the feed knows it, the store does not");
    return;
  }
  auto own = hash(facts.row->payload);
  if (!own || *own != facts.row->hash)
    add(defect_kind::hash_wrong, own ? "its payload hashes to something else" : "its payload: " + canonical_.error());
  if (!wanted.any_of.empty())
    return check_payload(*facts.row, wanted);
  if (!wanted.deleted)
    return add(defect_kind::row_unserved, "it never was served");
  if (!rules_.keep_deleted)
    return add(defect_kind::row_not_deleted, "the API deleted it, the store has it");
  if (!own || !has(served_, *own))
    add(defect_kind::row_altered, "no such version was served");
}

void key_audit::check_payload(const stored_row& row, const expectation& wanted) {
  auto own = hash(row.payload);
  if (own && has(wanted.any_of, *own))
    return;
  auto field = differing_field(row.payload, wanted.any_of.front().text);
  auto old = std::ranges::find_if(served_, [&](const auto& each) { return own && each.hash == *own; });
  if (old == served_.end())
    return add(defect_kind::row_altered, field);
  add(defect_kind::row_stale, "version " + std::to_string(old->number) + "; " + field);
}

void key_audit::check_feed(const key_facts& facts, const expectation& wanted) {
  check_entries(facts.feed, facts.truth->deleted);
  check_last(facts, wanted);
}

/// Whether the entries are a subsequence of the versions served, deletions between them, no neighbours equal.
void key_audit::check_entries(const std::vector<const feed_entry*>& feed, bool is_deleted) {
  auto next = served_.begin();
  const feed_entry* before = nullptr;
  for (const auto* entry : feed) {
    auto place = at_seq(*entry);
    if (before && before->hash == entry->hash) {
      add(defect_kind::entry_repeated, place + ": the same as " + at_seq(*before));
    } else if (entry->hash.is_zero()) {
      // A record that was deleted for a while comes back as another version, which the next entry has to name.
      if (entry == feed.back() && !is_deleted)
        add(defect_kind::entry_unserved, place + ": says deleted, the API has it");
    } else if (auto found = std::find_if(next, served_.end(), [&](const auto& v) { return v.hash == entry->hash; });
               found != served_.end()) {
      next = found + 1;
    } else if (has(served_, entry->hash)) {
      add(defect_kind::entry_disordered, place + ": an earlier version again, it was not served after the one before");
    } else {
      add(defect_kind::entry_unserved, place + ": no such version was served");
    }
    before = entry;
  }
}

void key_audit::check_last(const key_facts& facts, const expectation& wanted) {
  if (facts.feed.empty()) {
    // Its deletion was told before it was served itself: a page that still showed it was older.
    const bool never_was = facts.row && facts.row->deleted && facts.truth->was_told_deleted;
    if ((!wanted.any_of.empty() && !wanted.deleted) || (facts.row && !never_was))
      add(defect_kind::feed_missing, "the feed never named it");
    return;
  }
  const auto& last = *facts.feed.back();
  if (facts.row && last.hash != facts.row->hash && facts.row->deleted != last.hash.is_zero())
    return add(defect_kind::feed_stale, at_seq(last) + ": the feed ends " + (last.hash.is_zero() ? "deleted" : "alive")
                                          + ", the row does not");
  if (wanted.any_of.empty() || has(wanted.any_of, last.hash) || (wanted.deleted && last.hash.is_zero()))
    return;
  add(defect_kind::feed_stale, at_seq(last) + ": not the last version (" + std::to_string(wanted.any_of.front().number)
                                 + ")");
}

std::string key_audit::differing_field(std::string_view store, std::string_view truth) {
  if (!canonical_.make(store, *ignored_))
    return "its payload: " + canonical_.error();
  std::string own{canonical_.result()};
  canonical_.make(truth, *ignored_);
  return first_difference(own, canonical_.result());
}

} // namespace audit
