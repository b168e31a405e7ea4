#include "runtime/storage/memory/memory_run_store.hpp"

namespace lode {

caf::expected<stream_tally> memory_run_store::load_tally(run_id run, stream_id stream) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  stream_tally out;
  for (const auto& [id, entry] : db_->continuations)
    if (entry.row.run == run && entry.row.stream == stream) {
      out.records += entry.counters.records;
      out.dead += entry.counters.dead;
    }
  return out;
}

caf::expected<dead_letter> memory_run_store::load_dead_letter(connection_id connection, int64_t id) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  const auto place = static_cast<size_t>(id) - 1; // ids are places in the list, from 1
  if (place >= db_->dead.size() || !db_->dead[place].stream || db_->dead[place].connection != connection)
    return store_error(errc::not_found, "dead letter " + std::to_string(id) + " is not on the list");
  return dead_letter{db_->dead[place].stream, db_->dead[place].run, db_->dead[place].record};
}

caf::error memory_run_store::remove_dead_letter(connection_id connection, int64_t id) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  const auto place = static_cast<size_t>(id) - 1;
  if (place < db_->dead.size() && db_->dead[place].connection == connection)
    db_->dead[place] = {};
  return {};
}

caf::error memory_run_store::stop_stream(run_id run, stream_id stream, const std::string& reason) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  auto found = db_->runs.find(run);
  if (found == db_->runs.end())
    return store_error(errc::not_found, "there is no run " + to_string(run));
  for (auto& [id, entry] : db_->continuations) {
    if (entry.row.run != run || entry.row.stream != stream || entry.phase != continuation_phase::open)
      continue;
    entry.row.version += version_jump;
    entry.phase = continuation_phase::failed;
    entry.row.state.clear();
    entry.reason = reason;
    db_->end_sweep(entry);
    db_->count_open(run, -1, 1, reason);
  }
  auto& row = found->second.summary;
  if (row.phase == run_phase::finished) {
    row.phase = run_phase::incomplete;
    db_->return_gaps(row);
  }
  if (row.reason.empty())
    row.reason = reason;
  return {};
}

} // namespace lode
