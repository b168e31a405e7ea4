#include "runtime/cli/demo/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

namespace lode::demo {

std::string with_commas(int64_t number) {
  auto digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    auto ends_group = i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0;
    out += ends_group ? "," : "";
    out += digits[i];
  }
  return out;
}

std::string to_json(const show_report& r) {
  // By hand, because a JSON library would write 1.5 as 1.5E0.
  std::string out;
  auto put = [&](const char* name, const auto& value) { out += fmt::format("{}\"{}\": {}", out.empty() ? "{" : ", ", name, value); };
  put("tenants", r.tenants);
  put("api_calls", r.api_calls);
  put("records", r.records);
  put("inserted", r.inserted);
  put("changed", r.changed);
  put("unchanged", r.unchanged);
  put("deleted", r.deleted);
  put("lost", r.lost);
  put("duplicated", r.duplicated);
  put("kills", r.kills);
  put("recovery_seconds", fmt::format("{:.2f}", r.recovery_seconds));
  put("pages_refetched", r.pages_refetched);
  put("suspended", r.suspended);
  put("records_per_second", std::llround(r.records_per_second));
  put("cpu_seconds_per_million", fmt::format("{:.2f}", r.cpu_seconds_per_million));
  put("peak_rss_bytes", r.peak_rss_bytes);
  put("nodes", r.nodes);
  put("takeover_seconds", fmt::format("{:.2f}", r.takeover_seconds));
  put("verified", r.is_verified);
  return out + "}\n";
}

std::string to_table(const show_report& r) {
  struct row {
    const char* name;
    std::string value;
    const char* remark;
  };
  std::vector<row> rows{
    {"nodes", with_commas(r.nodes), "on a private PostgreSQL and Redis, linked by certificates"},
    {"tenants", with_commas(r.tenants), "three dialects, 80 ms latency, 1 % errors"},
    {"API calls", with_commas(r.api_calls), ""},
    {"records", with_commas(r.records), "read and compared, both passes"},
    {"  new", with_commas(r.inserted), ""},
    {"  changed", with_commas(r.changed), ""},
    {"  unchanged", with_commas(r.unchanged), "compared by hash, not written"},
    {"deleted", with_commas(r.deleted), "found missing by full passes"},
    {"lost", with_commas(r.lost), "audit against what the APIs really served"},
    {"duplicated", with_commas(r.duplicated), "audit of the change feed"},
    {"kill -9", with_commas(r.kills), "of all nodes at once, then of one for good"},
    {"recovery", fmt::format("{:.1f} s", r.recovery_seconds), "all killed and restarted: until the last tenant went on"},
    {"take-over", fmt::format("{:.1f} s", r.takeover_seconds), "one killed for good: until its last tenant went on elsewhere"},
    {"pages fetched again", with_commas(r.pages_refetched), "those in flight at the kills"},
    {"tenants suspended", with_commas(r.suspended), r.suspended == 1 ? "its API was broken on purpose" : "their APIs were broken on purpose"},
    {"records/s", with_commas(std::llround(r.records_per_second)), "while mining, set by the APIs' latency and limits"},
    {"CPU s per million", fmt::format("{:.1f}", r.cpu_seconds_per_million), "all node processes"},
    {"peak memory", fmt::format("{:.0f} MB", static_cast<double>(r.peak_rss_bytes) / 1e6), "largest node process"}};
  std::string out;
  for (const auto& [name, value, remark] : rows)
    out += fmt::format("  {:<20}{:>12}{}{}\n", name, value, *remark ? "   " : "", remark);
  return out + (r.is_verified ? "  VERIFIED: nothing is lost, nothing is doubled.\n" : "  NOT VERIFIED.\n");
}

} // namespace lode::demo
