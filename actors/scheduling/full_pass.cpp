#include "actors/scheduling/full_pass.hpp"

#include <algorithm>

namespace lode {

namespace {

bool is_due(const stream_plan& stream, stream_id id, const std::vector<full_pass_row>& known, instant now) {
  auto row = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.stream == id; });
  if (row == known.end())
    return true;
  return !row->is_open && (!row->completed || now - *row->completed >= *stream.lode.full_pass_every);
}

/// Marks a stream and, because they come before it in the plan, all its parents.
void mark_with_parents(const source_plan& plan, size_t index, std::vector<bool>& marked) {
  marked[index] = true;
  for (const auto& router : plan.streams[index].routers)
    if (const auto* substream = std::get_if<substream_router>(&router))
      for (const auto& parent : substream->parents)
        mark_with_parents(plan, parent.stream, marked);
}

} // namespace

bool are_full_passes_wanted(const source_plan& plan, const std::vector<stream_id>& streams) {
  for (size_t i = 0; i < plan.streams.size(); ++i)
    if (streams[i] && plan.streams[i].lode.full_pass_every)
      return true;
  return false;
}

full_passes plan_full_passes(const source_plan& plan, const std::vector<stream_id>& streams,
                             const std::vector<full_pass_row>& known, run_kind kind, instant now) {
  full_passes result;
  result.is_whole.assign(plan.streams.size(), kind == run_kind::full);
  if (kind == run_kind::backfill || kind == run_kind::repair)
    return result;
  for (size_t i = 0; i < plan.streams.size(); ++i) {
    const auto& stream = plan.streams[i];
    if (!streams[i] || !stream.lode.full_pass_every)
      continue;
    if (kind != run_kind::full && !is_due(stream, streams[i], known, now))
      continue;
    std::vector<bool> needed(plan.streams.size());
    mark_with_parents(plan, i, needed);
    full_pass_start pass{streams[i], {}};
    for (size_t j = 0; j < needed.size(); ++j) {
      if (!needed[j])
        continue;
      result.is_whole[j] = true;
      if (streams[j])
        pass.needs.push_back(streams[j]);
    }
    result.begun.push_back(std::move(pass));
  }
  return result;
}

} // namespace lode
