#include "runtime/storage/memory/memory_run_store.hpp"

#include <algorithm>

namespace lode {

caf::expected<std::vector<full_pass_row>> memory_run_store::load_full_passes(connection_id connection) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<full_pass_row> out;
  for (auto& [stream, pass] : db_->full_passes) {
    if (db_->streams.at(stream).connection != connection)
      continue;
    settle(connection, pass);
    out.push_back({stream, pass.completed, static_cast<bool>(pass.run), is_sound(connection, pass), pass.needs});
  }
  return out;
}

caf::error memory_run_store::begin_full_passes(run_id run, instant began, const std::vector<full_pass_start>& passes) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  for (const auto& pass : passes) {
    auto& entry = db_->full_passes[pass.stream];
    entry = {entry.completed, run, began, pass.needs, entry.sound_up_to};
  }
  return {};
}

bool memory_run_store::is_complete(const state::full_pass_entry& pass) const {
  auto run = db_->runs.find(pass.run);
  return run != db_->runs.end() && run->second.summary.phase != run_phase::cancelled && has_read(pass.run, pass.needs);
}

bool memory_run_store::has_read(run_id run, const std::vector<stream_id>& streams) const {
  return std::none_of(db_->continuations.begin(), db_->continuations.end(), [&](const auto& each) {
    const auto& entry = each.second;
    return entry.row.run == run && !entry.row.is_sweep
           && std::count(streams.begin(), streams.end(), entry.row.stream) > 0
           && (entry.phase != continuation_phase::closed || !entry.reason.empty());
  });
}

void memory_run_store::settle(connection_id connection, state::full_pass_entry& pass) {
  auto run = db_->runs.find(pass.run);
  if (run != db_->runs.end() && run->second.summary.phase == run_phase::open)
    return;
  if (pass.run) {
    auto is_whole = is_complete(pass);
    pass.sound_up_to = is_whole ? pass.run : run_id{};
    pass.completed = is_whole ? pass.began : pass.completed;
    pass.run = {};
  }
  bool has_open = false;
  auto last = pass.sound_up_to;
  for (const auto& [id, later] : db_->runs) {
    const auto& row = later.summary;
    if (row.connection != connection || id <= pass.sound_up_to)
      continue;
    has_open = has_open || row.phase == run_phase::open;
    if (row.phase != run_phase::open && row.phase != run_phase::finished && !has_read(id, pass.needs))
      pass.sound_up_to = {};
    last = id;
  }
  if (pass.sound_up_to && !has_open)
    pass.sound_up_to = last;
}

bool memory_run_store::is_sound(connection_id connection, const state::full_pass_entry& pass) const {
  return !pass.run && pass.sound_up_to && std::none_of(db_->runs.begin(), db_->runs.end(), [&](const auto& each) {
    const auto& row = each.second.summary;
    return row.connection == connection && each.first > pass.sound_up_to && row.phase == run_phase::open
           && !has_read(each.first, pass.needs);
  });
}

} // namespace lode
