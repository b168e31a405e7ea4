#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"

namespace lode {

continuation_row memory_database::state::shown(continuation_row row) const {
  auto found = sweeps.find(row.stream);
  row.pass = found == sweeps.end() ? run_id{} : found->second.pass;
  return row;
}

std::string memory_database::state::reading_gap(run_id run, const std::vector<stream_id>& needs) const {
  std::string gap = "nothing of it was read";
  for (const auto& [id, entry] : continuations) {
    if (entry.row.run != run || entry.row.is_sweep || std::count(needs.begin(), needs.end(), entry.row.stream) == 0)
      continue;
    if (entry.phase == continuation_phase::open)
      return "a slice is still open";
    if (entry.phase != continuation_phase::closed || !entry.reason.empty())
      return "a slice was not read to its end: " + entry.reason;
    gap.clear();
  }
  return gap;
}

void memory_database::state::open_sweeps(run_id run, const run_start& start) {
  auto& row = runs.at(run);
  if (row.summary.phase != run_phase::open)
    return;
  for (const auto& pass : start.passes) {
    if (!opens_sweep(run, start, pass))
      continue;
    continuation_entry entry;
    entry.row.id = {take_id(5)};
    entry.row.run = run;
    entry.row.stream = pass.stream;
    entry.row.is_sweep = true;
    continuations.emplace(entry.row.id, std::move(entry));
    ++row.summary.open;
  }
}

bool memory_database::state::opens_sweep(run_id run, const run_start& start, const pass_start& pass) {
  auto sweeps_it = [&](const auto& entry) {
    return entry.second.row.is_sweep && entry.second.row.stream == pass.stream && entry.second.phase == continuation_phase::open;
  };
  if (std::any_of(continuations.begin(), continuations.end(), sweeps_it))
    return false;
  if (auto found = sweeps.find(pass.stream); found != sweeps.end()) {
    auto before = runs.find(found->second.pass);
    if (before != runs.end() && before->second.summary.phase == run_phase::open)
      return false;
    if (found->second.is_patient && reading_gap(found->second.pass, found->second.needs).empty())
      return before != runs.end() && *before->second.summary.ended + pass.settles <= now();
    sweeps.erase(found);
  }
  if (!pass.reads_all)
    return false;
  sweeps[pass.stream] = {run, start.stamp, start.edition, start.source_version, pass.needs, pass.is_patient};
  return !pass.is_patient;
}

void memory_database::state::end_sweep(const continuation_entry& sweep) {
  const bool is_over = sweep.phase == continuation_phase::closed || sweep.phase == continuation_phase::failed;
  if (!sweep.row.is_sweep || !is_over)
    return;
  if (auto found = sweeps.find(sweep.row.stream); found != sweeps.end()) {
    // A pass that began with a gap's repair or later began after the gap.
    if (sweep.phase == continuation_phase::closed && sweep.reason.empty())
      for (auto& [id, gap] : gaps)
        if (gap.row.repair && gap.row.repair <= found->second.pass)
          std::erase(gap.row.unswept, sweep.row.stream);
    marks.erase({sweep.row.stream, found->second.pass});
    sweeps.erase(found);
  }
  auto& stream = streams.at(sweep.row.stream);
  stream.may_delete = stream.may_delete && (sweep.phase != continuation_phase::closed || !sweep.reason.empty());
}

} // namespace lode
