#include "runtime/storage/memory/memory_state.hpp"

#include <algorithm>

namespace lode {

bool memory_database::state::fails_with(memory_fault fault) {
  if (faults.empty() || faults.front() != fault)
    return false;
  faults.pop_front();
  return true;
}

std::string memory_database::state::alive() const {
  std::string out;
  for (const auto& [life, count] : sessions)
    if (count > 0)
      out += (out.empty() ? "life " : ", life ") + to_string(life);
  return out;
}

bool memory_database::state::is_active(connection_id connection) const {
  auto found = connections.find(connection);
  if (found == connections.end() || found->second.row.state != activity::active)
    return false;
  auto tenant = tenants.find(found->second.row.tenant);
  return tenant != tenants.end() && tenant->second.state == activity::active;
}

const run_summary* memory_database::state::open_run(connection_id connection, run_kind kind) const {
  for (const auto& [id, run] : runs)
    if (run.summary.connection == connection && run.summary.kind == kind && run.summary.phase == run_phase::open)
      return &run.summary;
  return nullptr;
}

void memory_database::state::raise_versions(connection_id connection, const std::string* cancel_reason) {
  for (auto& [id, entry] : continuations) {
    auto run = runs.find(entry.row.run);
    if (entry.phase != continuation_phase::open || run->second.summary.connection != connection)
      continue;
    entry.row.version += version_jump;
    if (cancel_reason) {
      entry.phase = continuation_phase::cancelled;
      entry.row.state.clear();
      entry.reason = *cancel_reason;
    }
  }
  if (!cancel_reason)
    return;
  for (auto& [id, run] : runs)
    if (run.summary.connection == connection && run.summary.phase == run_phase::open) {
      end_run(run, run_phase::cancelled);
      run.summary.reason = *cancel_reason;
    }
}

void memory_database::state::forget_deaths(connection_id connection) {
  for (auto& [id, entry] : continuations)
    if (entry.phase == continuation_phase::open && runs.at(entry.row.run).summary.connection == connection)
      entry.row.crash_resumes = entry.row.alone_deaths = 0;
}

void memory_database::state::begin_edition(connection_row& connection, bool is_anew) {
  ++connection.edition;
  connections.at(connection.id).edition_began = latest();
  raise_versions(connection.id, nullptr);
  for (auto& [id, entry] : continuations)
    if (is_anew && entry.phase == continuation_phase::open && runs.at(entry.row.run).summary.connection == connection.id)
      entry.row.state.clear();
}

void memory_database::state::end_run(run_row& run, run_phase phase) {
  run.summary.phase = phase;
  run.summary.open = 0;
  run.summary.ended = now();
  return_gaps(run.summary);
  if (!run.is_followed || connections.at(run.summary.connection).row.state == activity::deleting)
    return;
  auto at = *run.summary.ended;
  auto& row = due.try_emplace(run.summary.connection, due_row{at, run_kind::scheduled}).first->second;
  row.due = std::min(row.due, at);
}

bool memory_database::state::count_open(run_id run, int64_t step, int64_t failed, const std::string& reason) {
  auto found = runs.find(run);
  if (found == runs.end() || found->second.summary.phase != run_phase::open)
    return false;
  auto& row = found->second.summary;
  row.open += step;
  row.failed += failed;
  if (row.reason.empty())
    row.reason = reason;
  if (row.open > 0)
    return false;
  end_run(found->second, row.failed > 0 ? run_phase::incomplete : run_phase::finished);
  return true;
}

bool memory_database::state::has_opened(run_id run, const new_continuation& wanted) const {
  return std::any_of(continuations.begin(), continuations.end(), [&](const auto& each) {
    const auto& row = each.second.row;
    return row.run == run && row.stream == wanted.stream && row.partition == wanted.partition && row.slice == wanted.slice;
  });
}

std::vector<continuation_id> memory_database::state::open_continuations(run_id run,
                                                                        const std::vector<new_continuation>& wanted) {
  if (wanted.empty())
    return {};
  const auto kind = runs.at(run).summary.kind;
  const bool is_incremental = kind != run_kind::backfill && kind != run_kind::repair;
  std::vector<continuation_id> out;
  std::map<partition_key, instant> begins;
  for (const auto& open : wanted) {
    if (has_opened(run, open))
      continue;
    out.push_back({take_id(5)});
    continuation_entry entry;
    entry.row = {out.back(), run, open.stream, open.partition, open.slice, 0, open.state, 0, 0};
    continuations.emplace(out.back(), std::move(entry));
    if (is_incremental && !open.slice.is_whole()) {
      auto& begin = begins.try_emplace({open.stream, open.partition}, open.slice.from).first->second;
      begin = std::min(begin, open.slice.from);
    }
  }
  for (const auto& [key, begin] : begins) // where there is a cursor it stays
    if (!cursors.contains(key))
      cursors[key] = {begin, ++cursor_versions};
  return out;
}

void memory_database::state::set_cursor(const partition_key& at, std::optional<instant> known_up_to) {
  for (auto& [id, entry] : continuations) {
    if (entry.row.stream != at.first || entry.row.partition != at.second || entry.phase != continuation_phase::open)
      continue;
    entry.row.version += version_jump;
    entry.phase = continuation_phase::cancelled;
    entry.row.state.clear();
    count_open(entry.row.run, -1, 1, "the cursor was set");
  }
  intervals.erase(at);
  cursors.erase(at);
  anchors.erase(at);
  if (known_up_to)
    cursors[at] = {*known_up_to, ++cursor_versions};
}

void memory_database::state::bury(const page_commit& page, const dead_record& record) {
  const auto at = now();
  auto found = std::find_if(dead.begin(), dead.end(), [&](const dead_row& row) {
    return row.stream == page.stream && row.record.key == record.key && row.record.payload == record.payload
           && row.record.reason == record.reason;
  });
  if (found == dead.end()) {
    dead.push_back({page.stream, page.connection, page.move.run, record, at, at, 1});
    return;
  }
  found->times += !page.move.run || found->run != page.move.run ? 1 : 0;
  found->run = page.move.run;
  found->record.order = record.order;
  found->last_seen = at;
}

void memory_database::state::close_interval(stream_id stream, const std::string& partition, slice_bounds slice) {
  if (slice.to <= slice.from)
    return;
  auto& closed = intervals[{stream, partition}];
  for (auto at = closed.begin(); at != closed.end();) {
    const bool touches = at->first <= slice.to && at->second >= slice.from;
    if (touches) {
      slice.from = std::min(slice.from, at->first);
      slice.to = std::max(slice.to, at->second);
    }
    at = touches ? closed.erase(at) : std::next(at);
  }
  closed.emplace(slice.from, slice.to);
  auto cursor = cursors.find({stream, partition});
  if (cursor == cursors.end() || cursor->second.known_up_to < slice.from || cursor->second.known_up_to >= slice.to)
    return;
  cursor->second = {slice.to, ++cursor_versions};
}

void memory_database::state::move_anchor(const page_commit& page) {
  if (!page.anchor || page.move.phase != continuation_phase::closed)
    return;
  auto& row = anchors[{page.stream, page.partition}];
  if (row.run <= page.move.run)
    row = {page.stream, page.partition, *page.anchor, page.move.run};
}

} // namespace lode
