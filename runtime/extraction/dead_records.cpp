#include "runtime/extraction/dead_records.hpp"

#include <algorithm>

namespace lode {

namespace {

double allowed_by_share(const dead_record_limits& limits, int64_t records) {
  return limits.share * static_cast<double>(std::max(records, fewest_for_share));
}

} // namespace

std::string cut_text(std::string_view text, size_t most) {
  if (text.size() <= most)
    return std::string{text};
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  return std::string{text.substr(0, most)};
}

std::optional<std::string> why_too_many_dead(const dead_record_limits& limits, const stream_tally& tally) {
  auto dead = static_cast<double>(tally.dead);
  bool is_over_share = tally.records >= fewest_for_share && dead > allowed_by_share(limits, tally.records);
  if (dead <= static_cast<double>(limits.records) && !is_over_share)
    return std::nullopt;
  return std::to_string(tally.dead) + " of " + std::to_string(tally.records)
         + " records could not be used: the stream stops (x-lode.dead_limits, mining.dead_records_limit)";
}

int64_t dead_records_to_go(const dead_record_limits& limits, const stream_tally& tally) {
  auto allowed = std::min(static_cast<double>(limits.records), allowed_by_share(limits, tally.records));
  return std::max<int64_t>(1, static_cast<int64_t>(allowed) - tally.dead + 1);
}

} // namespace lode
