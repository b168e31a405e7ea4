#include "runtime/storage/memory/memory_run_store.hpp"

#include <algorithm>

namespace lode {

caf::expected<started_run> memory_run_store::start_run(const run_start& start) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_start(start))
    return error;
  const auto& connection = db_->connections.at(start.connection).row;
  const run_id id{db_->take_id(4)};
  state::run_row row;
  row.shard = connection.shard;
  row.summary.run = id;
  row.summary.tenant = connection.tenant;
  row.summary.connection = connection.id;
  row.summary.kind = start.kind;
  row.summary.started = db_->now();
  row.summary.open = static_cast<int64_t>(start.first.size());
  db_->runs.emplace(id, row);
  if (start.first.empty())
    db_->count_open(id, 0, 0, "");
  started_run out{id, db_->open_continuations(id, start.first)};
  db_->open_sweeps(id, start);
  db_->plan_repair(id, start);
  for (const auto& skip : start.skips)
    if (auto cursor = db_->cursors.find({skip.stream, skip.partition});
        cursor != db_->cursors.end() && cursor->second.known_up_to == skip.from)
      cursor->second = {skip.to, ++db_->cursor_versions};
  if (start.next_due)
    db_->due[connection.id] = {*start.next_due, run_kind::scheduled};
  db_->requested.erase({connection.id, start.kind});
  return out;
}

caf::error memory_run_store::check_start(const run_start& start) const {
  const auto& shard = db_->shards[start.claim.shard];
  if (shard.owner != self_ || shard.epoch != start.claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(start.claim.shard) + " is not owned by this node");
  auto found = db_->connections.find(start.connection);
  if (found == db_->connections.end())
    return store_error(errc::not_found, "there is no connection " + to_string(start.connection));
  const auto& row = found->second.row;
  if (row.shard != start.claim.shard)
    return store_error(errc::not_owner, "connection " + to_string(row.id) + " lives in another shard");
  if (!db_->is_active(row.id))
    return store_error(errc::conflict, "connection " + row.name + " or its tenant is not active");
  if (db_->open_run(row.id, start.kind))
    return store_error(errc::conflict, "connection " + row.name + " has an open run of this kind");
  for (const auto& open : start.first) {
    auto stream = db_->streams.find(open.stream);
    if (stream == db_->streams.end() || stream->second.connection != row.id)
      return store_error(errc::bad_argument, "a stream of the run does not belong to connection " + row.name);
  }
  return {};
}

caf::expected<std::vector<open_run>> memory_run_store::load_open_runs() {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<open_run> out;
  for (auto at = db_->runs.rbegin(); at != db_->runs.rend(); ++at) {
    const auto& [id, run] = *at;
    if (run.summary.phase != run_phase::open || !is_mined_here(id))
      continue;
    int32_t crash_resumes = 0;
    for (const auto& [continuation, entry] : db_->continuations)
      if (entry.row.run == id && entry.phase == continuation_phase::open && !entry.row.is_sweep)
        crash_resumes = std::max(crash_resumes, entry.row.crash_resumes);
    out.push_back({id, run.summary.tenant, run.summary.connection, run.shard, run.summary.kind, crash_resumes});
  }
  return out;
}

caf::expected<std::vector<live_connection>> memory_run_store::load_active(const std::vector<source_id>& sources,
                                                                          const std::vector<shard_id>& shards) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<live_connection> out;
  for (const auto& [id, entry] : db_->connections) {
    const auto& row = entry.row;
    const auto& tenant = db_->tenants.at(row.tenant);
    auto is_active = row.state == activity::active && tenant.state == activity::active;
    auto is_there = shards.empty() ? db_->shards.at(tenant.shard).owner == self_ : std::ranges::count(shards, tenant.shard) > 0;
    if (is_active && is_there && std::ranges::count(sources, row.source) > 0)
      out.push_back({row.tenant, id, tenant.shard});
  }
  return out;
}

caf::expected<std::vector<continuation_row>> memory_run_store::load_continuations(run_id run, continuation_id after,
                                                                                  size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<continuation_row> out;
  for (auto at = db_->continuations.upper_bound(after); at != db_->continuations.end() && out.size() < limit; ++at)
    if (at->second.row.run == run && at->second.phase == continuation_phase::open)
      out.push_back(db_->shown(at->second.row));
  return out;
}

caf::expected<continuation_row> memory_run_store::load_continuation(continuation_id id) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  auto found = db_->continuations.find(id);
  if (found == db_->continuations.end() || found->second.phase != continuation_phase::open)
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
  return db_->shown(found->second.row);
}

caf::expected<continuation_row> memory_run_store::resume_continuation(continuation_id id) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  auto found = db_->continuations.find(id);
  if (found == db_->continuations.end() || found->second.phase != continuation_phase::open
      || !is_mined_here(found->second.row.run))
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open and active on this node");
  found->second.row.version += version_jump;
  return db_->shown(found->second.row);
}

caf::error memory_run_store::mark_alone(continuation_id id) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  auto life = db_->nodes.find(self_);
  if (life != db_->nodes.end())
    life->second.alone = {};
  if (!id)
    return {};
  auto found = db_->continuations.find(id);
  if (life == db_->nodes.end() || found == db_->continuations.end() || found->second.phase != continuation_phase::open
      || db_->shards[db_->runs.at(found->second.row.run).shard].owner != self_)
    return store_error(errc::not_found, "continuation " + to_string(id) + " is not open on this node");
  life->second.alone = id;
  return {};
}

bool memory_run_store::is_mined_here(run_id run) const {
  const auto& row = db_->runs.at(run);
  return db_->shards[row.shard].owner == self_ && db_->is_active(row.summary.connection);
}

caf::expected<std::vector<partition_cursor>> memory_run_store::load_cursors(connection_id connection) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<partition_cursor> out;
  for (const auto& [key, cursor] : db_->cursors)
    if (db_->streams.at(key.first).connection == connection)
      out.push_back({key.first, key.second, cursor.known_up_to, cursor.version});
  return out;
}

caf::expected<std::vector<partition_anchor>> memory_run_store::load_anchors(connection_id connection) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<partition_anchor> out;
  for (const auto& [key, row] : db_->anchors)
    if (db_->streams.at(key.first).connection == connection)
      out.push_back(row);
  return out;
}

caf::error memory_run_store::cancel_run(run_id run, const std::string& reason, const once_only& once) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_once(once))
    return error;
  const auto what = "end of run " + to_string(run);
  if (auto before = known(once, what); !before || *before)
    return before ? caf::error{} : before.error();
  auto found = db_->runs.find(run);
  if (found == db_->runs.end())
    return store_error(errc::not_found, "there is no run " + to_string(run));
  for (auto& [id, entry] : db_->continuations) {
    if (entry.row.run != run || entry.phase != continuation_phase::open)
      continue;
    entry.row.version += version_jump;
    entry.phase = continuation_phase::cancelled;
    entry.row.state.clear();
    entry.reason = reason;
  }
  auto& row = found->second.summary;
  if (row.phase == run_phase::open) {
    db_->end_run(found->second, run_phase::cancelled);
    row.reason = reason;
  }
  remember(once, what, row.tenant);
  return {};
}

caf::expected<run_summary> memory_run_store::load_run(run_id run) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (!db_->runs.contains(run))
    return store_error(errc::not_found, "there is no run " + to_string(run));
  return summary(run);
}

caf::expected<std::vector<run_summary>> memory_run_store::list_runs(connection_id connection, size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<run_summary> out;
  for (auto at = db_->runs.rbegin(); at != db_->runs.rend() && out.size() < limit; ++at)
    if (at->second.summary.connection == connection)
      out.push_back(summary(at->first));
  return out;
}

run_summary memory_run_store::summary(run_id run) const {
  auto out = db_->runs.at(run).summary;
  for (const auto& [id, entry] : db_->continuations)
    if (entry.row.run == run)
      for (auto counter : {&page_counters::pages, &page_counters::records, &page_counters::inserted,
                           &page_counters::updated, &page_counters::unchanged, &page_counters::refused_older,
                           &page_counters::dead, &page_counters::bytes, &page_counters::deleted})
        out.counters.*counter += entry.counters.*counter;
  return out;
}

std::unique_ptr<run_store> memory_database::make_run_store(incarnation self) {
  return std::make_unique<memory_run_store>(state_, self);
}

} // namespace lode
