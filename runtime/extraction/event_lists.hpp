#pragma once

#include <algorithm>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Where messages of a listener may hold lists of events: `each` of its rules, without doubles.
inline std::vector<field_path> event_lists(const source_plan& source, const live_plan& plan) {
  std::vector<field_path> out;
  for (auto stream : plan.streams)
    for (const auto& rule : source.streams[stream].lode.live->rules)
      if (rule.each && std::find(out.begin(), out.end(), *rule.each) == out.end())
        out.push_back(*rule.each);
  return out;
}

/// Calls `use` for each event of the list at `path`; nothing where there is no list.
template <class Use>
void for_each_event(json_node message, const field_path& path, Use use) {
  auto list = value_at(message, path);
  if (!list.is(json_kind::list))
    return;
  for (auto event = list.first_child(); event.exists(); event = event.next_sibling())
    use(event);
}

} // namespace lode
