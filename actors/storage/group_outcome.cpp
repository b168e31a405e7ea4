#include "actors/storage/group_outcome.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace lode {

std::optional<group_outcome> outcome_of(std::span<const page_outcome> pages) {
  auto all_are = [&](commit_status wanted) {
    return std::all_of(pages.begin(), pages.end(), [wanted](const page_outcome& page) { return page.status == wanted; });
  };
  switch (pages.front().status) {
    case commit_status::unavailable:
      return group_outcome::unavailable;
    case commit_status::unknown:
      return group_outcome::unknown;
    case commit_status::data_error:
      return group_outcome::split;
    case commit_status::timed_out:
      return pages.size() == 1 ? group_outcome::timed_out : group_outcome::split;
    default:
      break;
  }
  if (all_are(commit_status::again))
    return std::nullopt;
  return all_are(commit_status::committed) ? group_outcome::committed : group_outcome::refused;
}

page_counters counters_after(const page_commit& page, const page_outcome& outcome) {
  auto counters = page.counters;
  if (outcome.dead_lettered.empty())
    return counters;
  std::unordered_map<std::string_view, size_t> refused;
  for (const auto& key : outcome.dead_lettered)
    ++refused[key];
  for (const auto& change : page.changes) {
    auto found = refused.find(change.key);
    if (found == refused.end() || found->second == 0)
      continue;
    --found->second;
    counters.inserted -= change.kind == change_kind::inserted ? 1 : 0;
    counters.updated -= change.kind == change_kind::updated ? 1 : 0;
    ++counters.dead;
  }
  return counters;
}

} // namespace lode
