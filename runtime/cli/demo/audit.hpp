#pragma once

#include <string>
#include <vector>

#include "runtime/cli/demo/stage.hpp"

namespace lode::demo {

struct audit_result {
  bool is_clean = false;
  int64_t records = 0, versions_served = 0, lost = 0, duplicated = 0, damaged = 0;
  std::string text; ///< its own words
};

/// Runs lode-audit, a program that shares no code with this one; `sick` are held only to what they were served. Throws
/// failure when it could not audit.
audit_result run_audit(const workplace& place, const stage& stage, const std::vector<std::string>& sick);

} // namespace lode::demo
