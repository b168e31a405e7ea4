#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/audit/store.hpp"
#include "tests/audit/truth.hpp"

namespace audit {

/// What can be wrong. The order is that of `defect_names`.
enum class defect_kind : uint8_t {
  row_missing,      ///< the store has no living row for a key that it must have
  row_stale,        ///< the row is an earlier version than the one it must be
  row_altered,      ///< the row is no version that was served
  row_not_deleted,  ///< the API deleted the record, the row lives
  feed_missing,     ///< the feed has no entry of a key that it must have
  feed_stale,       ///< the feed's last entry is not the last version
  truth_unreadable, ///< a served record that the audit cannot read, so it proves nothing
  entry_repeated,   ///< a feed entry equals its predecessor of the same key
  entry_unserved,   ///< a feed entry that no served version explains
  entry_disordered, ///< a feed entry that a served version explains, but not in this place
  row_unserved,     ///< the store has a row for a key that never was served
  hash_wrong,       ///< a row's hash is not that of its payload
};
inline constexpr size_t defect_kinds = 12;
extern const std::array<const char*, defect_kinds> defect_names;

/// Issue words: what is missing, what is too much, and rows that contradict themselves.
enum class defect_class : uint8_t { lost, duplicated, damaged };
defect_class class_of(defect_kind kind);

struct defect {
  defect_kind kind;
  std::string tenant, stream, key;
  std::string detail;
};

/// What one tenant is held to.
struct rules {
  bool served_only = false;         ///< to what it was served, else to the whole truth
  bool keep_deleted = false;        ///< records that the API deleted may live on in the store (no full pass was made)
  bool accept_dead_letters = false; ///< a version in the dead letters need not be in store and feed
  std::set<std::string, std::less<>> streams; ///< only these; empty = all
  std::map<std::string, ignored_paths, std::less<>> ignored; ///< by stream
  uint64_t hash_seed = 0;
  size_t list_at_most = 20; ///< defects described; all are counted
};

struct report {
  int64_t tenants = 0;
  int64_t keys = 0;
  int64_t rows = 0;
  int64_t feed_entries = 0;
  int64_t versions_served = 0;
  int64_t dead_lettered = 0; ///< versions that are excused because they are dead letters
  int64_t lost = 0;          ///< keys
  int64_t duplicated = 0;    ///< entries and rows
  int64_t damaged = 0;       ///< rows
  std::array<int64_t, defect_kinds> kinds{};
  std::vector<defect> defects; ///< the first ones

  bool is_clean() const { return lost + duplicated + damaged == 0; }
  void add(const report& other, size_t list_at_most);
};

/// Compares what one tenant was served with what the store holds. Pure.
report compare(const std::string& tenant, const truth_of_tenant& truth, const store_of_tenant& store, const rules& rules);

} // namespace audit
