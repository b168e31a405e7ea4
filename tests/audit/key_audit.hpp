#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tests/audit/compare.hpp"

namespace audit {

/// All that is known of one key.
struct key_facts {
  const truth_record* truth = nullptr;
  const stored_row* row = nullptr;
  std::vector<const feed_entry*> feed;
};

/// Checks the keys of one tenant one after the other and counts in a report.
class key_audit {
public:
  key_audit(const std::string& tenant, const rules& rules, const std::unordered_set<std::string_view>& dead, report& result)
    : tenant_(tenant), rules_(rules), dead_(dead), result_(result) {}

  void check(std::string_view stream, std::string_view key, const key_facts& facts);

private:
  struct version {
    uint64_t number;
    std::string_view text;
    content_hash hash;
  };
  /// What row and the end of the feed must be.
  struct expectation {
    std::vector<version> any_of; ///< one of these; empty and not deleted: nothing
    bool deleted = false;        ///< gone, or never seen
  };

  std::optional<content_hash> hash(std::string_view text);
  bool is_dead(std::string_view text) const { return dead_.contains(text.substr(0, 64 << 10)); }
  void collect_versions(const truth_record& truth);
  expectation expected(const truth_record& truth);
  void check_row(const key_facts& facts, const expectation& wanted);
  void check_payload(const stored_row& row, const expectation& wanted);
  void check_feed(const key_facts& facts, const expectation& wanted);
  void check_entries(const std::vector<const feed_entry*>& feed, bool is_deleted);
  void check_last(const key_facts& facts, const expectation& wanted);
  std::string differing_field(std::string_view store, std::string_view truth);
  void add(defect_kind kind, std::string detail);

  const std::string& tenant_;
  const rules& rules_;
  const std::unordered_set<std::string_view>& dead_;
  report& result_;
  canonical_maker canonical_;

  // Of the key that is being checked.
  std::string_view stream_, key_;
  const ignored_paths* ignored_ = nullptr;
  std::vector<version> served_; ///< without dead letters
  std::optional<version> final_;
  bool is_lost_ = false;
};

} // namespace audit
