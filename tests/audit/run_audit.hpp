#pragma once

#include <functional>
#include <set>
#include <string>

#include "tests/audit/compare.hpp"

namespace audit {

struct audit_settings {
  std::string truth; ///< http://HOST:PORT or a file
  std::function<std::unique_ptr<store_reader>()> open_store;
  std::set<std::string, std::less<>> tenants;     ///< only these; empty = all of the truth
  std::set<std::string, std::less<>> served_only; ///< held only to what they were served
  rules common; ///< for every tenant; hash_seed and served_only are filled in
  unsigned threads = 2;
};

struct audit_outcome {
  report total;
  int64_t not_audited = 0; ///< tenants of the store that the truth does not know
};

/// Audits tenant by tenant, so that memory holds a few tenants at a time. Throws could_not_audit, also when the truth
/// has no tenant or lacks one that was named: an audit of nothing proves nothing.
audit_outcome run_audit(const audit_settings& settings);

/// For people, and the same as one JSON object.
std::string to_text(const audit_outcome& outcome);
std::string to_json(const audit_outcome& outcome, double seconds);

} // namespace audit
