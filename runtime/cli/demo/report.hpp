#pragma once

#include <cstdint>
#include <string>

namespace lode::demo {

/// What a show comes to.
struct show_report {
  int64_t tenants = 0;
  int64_t api_calls = 0;
  int64_t records = 0;   ///< read and compared, both passes
  int64_t inserted = 0, changed = 0, unchanged = 0, deleted = 0;
  int64_t lost = 0, duplicated = 0;
  int64_t kills = 0;
  double recovery_seconds = 0;
  int64_t pages_refetched = 0; ///< because of both kills
  int64_t suspended = 0; ///< of the tenants whose APIs were broken
  double records_per_second = 0;
  double cpu_seconds_per_million = 0;
  uint64_t peak_rss_bytes = 0; ///< of the largest node process
  int64_t nodes = 0;
  double takeover_seconds = 0; ///< from the kill of one node for good until the last of its tenants went on elsewhere
  bool is_verified = false;
};

/// One object with these keys: tenants, api_calls, records, inserted, changed, unchanged, deleted, lost, duplicated, kills,
/// recovery_seconds, pages_refetched, suspended, records_per_second, cpu_seconds_per_million, peak_rss_bytes, nodes,
/// takeover_seconds, verified.
std::string to_json(const show_report& report);

/// The summary table for people.
std::string to_table(const show_report& report);

/// 1234567 as 1,234,567.
std::string with_commas(int64_t number);

} // namespace lode::demo
