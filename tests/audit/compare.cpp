#include "tests/audit/compare.hpp"

#include <unordered_map>
#include <unordered_set>

#include "tests/audit/key_audit.hpp"

namespace audit {

const std::array<const char*, defect_kinds> defect_names{
  "row_missing",      "row_stale",      "row_altered",    "row_not_deleted",  "feed_missing", "feed_stale",
  "truth_unreadable", "entry_repeated", "entry_unserved", "entry_disordered", "row_unserved", "hash_wrong"};

defect_class class_of(defect_kind kind) {
  if (kind < defect_kind::entry_repeated)
    return defect_class::lost;
  return kind == defect_kind::hash_wrong ? defect_class::damaged : defect_class::duplicated;
}

void report::add(const report& other, size_t list_at_most) {
  tenants += other.tenants;
  keys += other.keys;
  rows += other.rows;
  feed_entries += other.feed_entries;
  versions_served += other.versions_served;
  dead_lettered += other.dead_lettered;
  lost += other.lost;
  duplicated += other.duplicated;
  damaged += other.damaged;
  for (size_t i = 0; i < kinds.size(); ++i)
    kinds[i] += other.kinds[i];
  for (const auto& each : other.defects)
    if (defects.size() < list_at_most)
      defects.push_back(each);
}

namespace {

using stream_and_key = std::pair<std::string_view, std::string_view>;

struct pair_hash {
  size_t operator()(const stream_and_key& pair) const {
    return std::hash<std::string_view>{}(pair.first) * 31 + std::hash<std::string_view>{}(pair.second);
  }
};

} // namespace

report compare(const std::string& tenant, const truth_of_tenant& truth, const store_of_tenant& store,
               const rules& rules) {
  auto is_wanted = [&](std::string_view stream) { return rules.streams.empty() || rules.streams.contains(stream); };
  std::unordered_map<stream_and_key, key_facts, pair_hash> keys;
  for (const auto& each : truth.records)
    if (is_wanted(each.stream))
      keys[{each.stream, each.key}].truth = &each;
  for (const auto& each : store.rows)
    if (is_wanted(each.stream))
      keys[{each.stream, each.key}].row = &each;
  for (const auto& each : store.feed)
    if (is_wanted(each.stream))
      keys[{each.stream, each.key}].feed.push_back(&each);
  std::unordered_set<std::string_view> dead;
  if (rules.accept_dead_letters)
    for (const auto& each : store.dead)
      dead.insert(each.payload);

  report result;
  result.tenants = 1;
  key_audit audit{tenant, rules, dead, result};
  for (const auto& [name, facts] : keys)
    audit.check(name.first, name.second, facts);
  return result;
}

} // namespace audit
