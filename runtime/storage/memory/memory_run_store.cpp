#include <algorithm>
#include <set>
#include <tuple>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

caf::error no_answer() {
  return store_error(errc::store_unavailable, "injected: the store does not answer");
}

/// repair > manual > full > scheduled > backfill
int place_of(run_kind kind) {
  switch (kind) {
    case run_kind::repair: return 0;
    case run_kind::manual: return 1;
    case run_kind::full: return 2;
    case run_kind::scheduled: return 3;
    case run_kind::backfill: break;
  }
  return 4;
}

class memory_run_store final : public run_store {
public:
  memory_run_store(std::shared_ptr<state> db, incarnation self) : db_(std::move(db)), self_(self), session_(db_, self) {}

  caf::expected<std::vector<due_connection>> load_due(instant until, size_t limit) override;

  caf::error set_due(connection_id connection, std::optional<instant> due, run_kind kind) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (!due) {
      db_->due.erase(connection);
      return {};
    }
    if (!db_->connections.contains(connection))
      return store_error(errc::not_found, "there is no connection " + to_string(connection));
    db_->due[connection] = {*due, kind};
    return {};
  }

  caf::expected<requested_run> request_run(connection_id connection, run_kind kind, instant now, const once_only& once) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (auto error = check_once(once))
      return error;
    const auto what = "run of " + to_string(connection) + ", kind " + std::to_string(static_cast<int>(kind));
    auto before = known(once, what);
    if (!before)
      return before.error();
    if (*before)
      return *(*before)->said;
    auto answer = request(connection, kind, now);
    if (answer)
      remember(once, what, db_->connections.at(connection).row.tenant, *answer);
    return answer;
  }

  caf::expected<bool> was_done(const once_only& once) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (auto error = check_command_id(once.id))
      return error;
    return db_->commands.contains(once.id);
  }

  // -- under an id once; the lock is held
  /// What is known of the id; null: nothing yet.
  caf::expected<const state::command_row*> known(const once_only& once, const std::string& what) const {
    auto found = db_->commands.find(once.id);
    if (once.id.empty() || found == db_->commands.end())
      return nullptr;
    if (found->second.what != what)
      return store_error(errc::conflict, "command " + once.id + " was given for something else before");
    return &found->second;
  }
  void remember(const once_only& once, const std::string& what, tenant_id tenant, std::optional<requested_run> said = {}) {
    if (!once.id.empty())
      db_->commands[once.id] = {tenant, {}, db_->now(), command_outcome::done, {}, what, said};
  }

  caf::expected<requested_run> request(connection_id connection, run_kind kind, instant now) {
    auto found = db_->connections.find(connection);
    if (found == db_->connections.end() || found->second.row.state == activity::deleting)
      return store_error(errc::not_found, "there is no connection " + to_string(connection));
    if (!db_->is_active(connection))
      return store_error(errc::conflict, "connection " + found->second.row.name + " or its tenant is not active");
    if (const auto* open = db_->open_run(connection, kind))
      return requested_run{request_answer::already_open, open->run};
    const bool is_new = db_->requested.try_emplace({connection, kind}, now).second;
    return requested_run{is_new ? request_answer::accepted : request_answer::already_requested, {}};
  }

  caf::error queue_run(connection_id connection, std::optional<instant> next_due) override;

  caf::expected<std::optional<run_pace>> load_pace(connection_id connection) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    auto found = db_->paces.find(connection);
    return found == db_->paces.end() ? std::nullopt : std::optional{found->second.pace};
  }

  caf::error set_pace(connection_id connection, run_id run, const run_pace& pace, std::chrono::microseconds shift,
                      instant now) override;
  caf::expected<stream_tally> load_tally(run_id run, stream_id stream) override;
  caf::expected<dead_letter> load_dead_letter(connection_id connection, int64_t id) override;
  caf::error remove_dead_letter(connection_id connection, int64_t id) override;
  caf::error stop_stream(run_id run, stream_id stream, const std::string& reason) override;
  caf::expected<std::vector<full_pass_row>> load_full_passes(connection_id connection) override;
  caf::error begin_full_passes(run_id run, instant began, const std::vector<full_pass_start>& passes) override;

  caf::expected<started_run> start_run(const run_start& start) override;

  caf::expected<std::vector<open_run>> load_open_runs() override;

  caf::expected<std::vector<live_connection>> load_active(const std::vector<source_id>& sources,
                                                          const std::vector<shard_id>& shards) override {
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

  caf::expected<std::vector<continuation_row>> load_continuations(run_id run, continuation_id after,
                                                                 size_t limit) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    std::vector<continuation_row> out;
    for (auto at = db_->continuations.upper_bound(after); at != db_->continuations.end() && out.size() < limit; ++at)
      if (at->second.row.run == run && at->second.phase == continuation_phase::open)
        out.push_back(db_->shown(at->second.row));
    return out;
  }

  caf::expected<continuation_row> load_continuation(continuation_id id) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    auto found = db_->continuations.find(id);
    if (found == db_->continuations.end() || found->second.phase != continuation_phase::open)
      return store_error(errc::not_found, "continuation " + to_string(id) + " is not open");
    return db_->shown(found->second.row);
  }

  caf::expected<continuation_row> resume_continuation(continuation_id id) override {
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

  caf::error mark_alone(continuation_id id) override;

  caf::expected<std::vector<partition_cursor>> load_cursors(connection_id connection) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    std::vector<partition_cursor> out;
    for (const auto& [key, cursor] : db_->cursors)
      if (db_->streams.at(key.first).connection == connection)
        out.push_back({key.first, key.second, cursor.known_up_to, cursor.version});
    return out;
  }

  caf::expected<std::vector<partition_anchor>> load_anchors(connection_id connection) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    std::vector<partition_anchor> out;
    for (const auto& [key, row] : db_->anchors)
      if (db_->streams.at(key.first).connection == connection)
        out.push_back(row);
    return out;
  }

  caf::error cancel_run(run_id run, const std::string& reason, const once_only& once) override;

  caf::expected<int64_t> begin_refresh(const refresh_token& token) override;
  caf::error forget_refresh(const refresh_token& token) override;
  caf::error store_successor(const refresh_token& token, const std::string& sealed_secrets) override;

  caf::expected<command_standing> take_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override;
  caf::error settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                            const std::string& reason) override;
  caf::error untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) override;

  caf::expected<pass_standing> load_pass(run_id run, stream_id stream) override;
  caf::expected<pass_marks> load_marks(stream_id stream, run_id pass, int64_t after) override;
  caf::expected<std::vector<live_fact>> load_live(shard_id shard, stream_id stream, const std::string& after,
                                                  bool with_payload) override;
  caf::error confirm_deletes(connection_id connection, const std::vector<std::string>& streams, const once_only& once) override;

  caf::expected<run_summary> load_run(run_id run) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (!db_->runs.contains(run))
      return store_error(errc::not_found, "there is no run " + to_string(run));
    return summary(run);
  }

  caf::expected<std::vector<run_summary>> list_runs(connection_id connection, size_t limit) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    std::vector<run_summary> out;
    for (auto at = db_->runs.rbegin(); at != db_->runs.rend() && out.size() < limit; ++at)
      if (at->second.summary.connection == connection)
        out.push_back(summary(at->first));
    return out;
  }

private:
  bool is_mined_here(run_id run) const {
    const auto& row = db_->runs.at(run);
    return db_->shards[row.shard].owner == self_ && db_->is_active(row.summary.connection);
  }
  run_summary summary(run_id run) const;
  caf::error check_start(const run_start& start) const;
  caf::error check_refresh(const refresh_token& token) const;
  caf::error check_command(const std::string& id, tenant_id tenant, const shard_claim& claim) const;
  /// Whether the run read all its slices of these streams to the end.
  bool has_read(run_id run, const std::vector<stream_id>& streams) const;
  bool is_complete(const state::full_pass_entry& pass) const;
  /// Ends the pass if its run has ended, and looks whether later runs left something unread.
  void settle(connection_id connection, state::full_pass_entry& pass);
  bool is_sound(connection_id connection, const state::full_pass_entry& pass) const;

  std::shared_ptr<state> db_;
  incarnation self_;
  memory_session session_;
};

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

caf::expected<std::vector<due_connection>> memory_run_store::load_due(instant until, size_t limit) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<due_connection> out;
  const auto add = [&](connection_id id, instant due, run_kind kind) {
    const auto& connection = db_->connections.at(id).row;
    if (db_->is_active(id) && db_->shards[connection.shard].owner == self_)
      out.push_back({id, connection.tenant, connection.shard, due, kind});
  };
  for (const auto& [id, row] : db_->due)
    if (row.due <= until)
      add(id, row.due, row.kind);
  for (const auto& [key, requested] : db_->requested)
    add(key.first, requested, key.second);
  const auto place = [&](const due_connection& each) {
    auto priority = static_cast<int>(db_->connections.at(each.connection).row.priority);
    return std::tuple{place_of(each.kind), -priority, -each.due.time_since_epoch()};
  };
  std::stable_sort(out.begin(), out.end(), [&](const auto& left, const auto& right) { return place(left) < place(right); });
  std::set<connection_id> known;
  std::erase_if(out, [&](const due_connection& each) { return !known.insert(each.connection).second; });
  if (out.size() > limit)
    out.resize(limit);
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

caf::error memory_run_store::queue_run(connection_id connection, std::optional<instant> next_due) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  for (auto& [id, run] : db_->runs) {
    const auto& row = run.summary;
    if (row.connection != connection || row.kind != run_kind::scheduled || row.phase != run_phase::open)
      continue;
    run.is_followed = true;
    if (!next_due)
      db_->due.erase(connection);
    else if (auto due = db_->due.find(connection); due != db_->due.end())
      due->second.due = *next_due;
  }
  return {};
}

caf::error memory_run_store::set_pace(connection_id connection, run_id run, const run_pace& pace,
                                      std::chrono::microseconds shift, instant now) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (!db_->connections.contains(connection))
    return {};
  auto& row = db_->paces[connection];
  if (row.run >= run)
    return {};
  row = {run, pace};
  auto due = db_->due.find(connection);
  auto ended = db_->runs.find(run);
  auto is_followed = ended != db_->runs.end() && ended->second.is_followed;
  if (due != db_->due.end() && due->second.due > now && !is_followed)
    due->second.due += shift;
  return {};
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

bool memory_run_store::is_complete(const state::full_pass_entry& pass) const {
  auto run = db_->runs.find(pass.run);
  return run != db_->runs.end() && run->second.summary.phase != run_phase::cancelled && has_read(pass.run, pass.needs);
}

bool memory_run_store::has_read(run_id run, const std::vector<stream_id>& streams) const {
  return std::none_of(db_->continuations.begin(), db_->continuations.end(), [&](const auto& each) {
    const auto& entry = each.second;
    return entry.row.run == run && !entry.row.is_sweep && std::count(streams.begin(), streams.end(), entry.row.stream) > 0
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

caf::expected<pass_standing> memory_run_store::load_pass(run_id run, stream_id stream) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  pass_standing out;
  auto known = db_->streams.find(stream);
  auto found = db_->sweeps.find(stream);
  if (known == db_->streams.end() || found == db_->sweeps.end()) {
    out.why_not = "its full pass is no longer known";
    return out;
  }
  const auto& pass = found->second;
  const auto& connection = db_->connections.at(known->second.connection).row;
  out.pass = pass.pass;
  out.began = pass.began;
  out.is_confirmed = known->second.may_delete;
  int64_t records = 0;
  std::map<std::string, slice_bounds> covered;
  for (const auto& [id, entry] : db_->continuations) {
    if (entry.row.run != pass.pass || entry.row.stream != stream || entry.row.is_sweep)
      continue;
    records += entry.counters.records;
    auto [at, is_new] = covered.try_emplace(entry.row.partition, entry.row.slice);
    at->second = {std::min(at->second.from, entry.row.slice.from), std::max(at->second.to, entry.row.slice.to)};
  }
  for (auto at = covered.begin(); at != covered.end(); ++at)
    out.window = at == covered.begin() ? at->second
                                       : slice_bounds{std::max(out.window.from, at->second.from),
                                                      std::min(out.window.to, at->second.to)};
  for (const auto& page : db_->marks[{stream, pass.pass}])
    out.marks += static_cast<int64_t>(page.size());
  if (connection.edition != pass.edition || db_->sources.at(connection.source).version != pass.source_version)
    out.why_not = "its source or its connection was changed meanwhile";
  else if (auto gap = db_->reading_gap(pass.pass, pass.needs); !gap.empty())
    out.why_not = gap;
  else if (records > out.marks)
    out.why_not = "a page left no marks";
  else if (pass.pass != run) {
    out.why_not = db_->reading_gap(run, pass.needs);
    out.comes_again = !out.why_not.empty();
  }
  return out;
}

caf::expected<pass_marks> memory_run_store::load_marks(stream_id stream, run_id pass, int64_t after) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (db_->fails_with(memory_fault::lost_marks))
    return pass_marks{};
  const auto& pages = db_->marks[{stream, pass}];
  const auto at = static_cast<size_t>(after);
  pass_marks out; // a page at once, so that callers go on
  if (at < pages.size())
    out.keys = pages[at];
  out.last = at + 1 < pages.size() ? after + 1 : 0;
  return out;
}

caf::expected<std::vector<live_fact>> memory_run_store::load_live(shard_id, stream_id stream, const std::string& after,
                                                                  bool with_payload) {
  constexpr size_t at_once = 100;
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<live_fact> out;
  const auto& rows = db_->records[stream];
  for (auto at = rows.upper_bound(after); at != rows.end() && out.size() < at_once; ++at)
    out.push_back({at->first, at->second.order, with_payload ? at->second.payload : std::string{}, at->second.deleted});
  return out;
}

caf::error memory_run_store::confirm_deletes(connection_id connection, const std::vector<std::string>& streams, const once_only& once) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_once(once))
    return error;
  auto what = "deletes of " + to_string(connection);
  for (const auto& name : streams)
    what += " " + name;
  if (auto before = known(once, what); !before || *before)
    return before ? caf::error{} : before.error();
  std::vector<state::stream_entry*> found;
  for (const auto& name : streams) {
    auto at = std::find_if(db_->streams.begin(), db_->streams.end(), [&](const auto& each) {
      return each.second.connection == connection && each.second.row.name == name && each.second.is_chosen;
    });
    if (at == db_->streams.end())
      return store_error(errc::not_found, "connection " + to_string(connection) + " has no stream " + name);
    found.push_back(&at->second);
  }
  for (auto* stream : found)
    stream->may_delete = true;
  if (auto row = db_->connections.find(connection); row != db_->connections.end())
    remember(once, what, row->second.row.tenant);
  return {};
}

caf::error memory_run_store::check_refresh(const refresh_token& token) const {
  const auto& shard = db_->shards[token.claim.shard];
  if (shard.owner != self_ || shard.epoch != token.claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(token.claim.shard) + " is not owned by this node");
  auto found = db_->connections.find(token.connection);
  if (found == db_->connections.end() || found->second.row.state == activity::deleting)
    return store_error(errc::not_found, "there is no connection " + to_string(token.connection));
  return {};
}

caf::expected<int64_t> memory_run_store::begin_refresh(const refresh_token& token) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  if (db_->connections.at(token.connection).row.sealed_secrets != token.sealed_secrets)
    return store_error(errc::stale_version, "connection " + to_string(token.connection) + " has other secrets by now");
  auto& row = db_->refreshes[token.connection];
  if (row.token_hash != token.hash)
    row = {token.hash, 0};
  if (row.begun >= 2)
    return store_error(errc::unauthorized,
                       "two refreshes of connection " + to_string(token.connection) + " have an unknown outcome");
  return row.begun++;
}

caf::error memory_run_store::forget_refresh(const refresh_token& token) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  auto found = db_->refreshes.find(token.connection);
  if (found != db_->refreshes.end() && found->second.token_hash == token.hash && found->second.begun > 0)
    --found->second.begun;
  return {};
}

caf::error memory_run_store::store_successor(const refresh_token& token, const std::string& sealed_secrets) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_refresh(token))
    return wrong;
  auto& row = db_->connections.at(token.connection).row;
  if (row.sealed_secrets != token.sealed_secrets)
    return store_error(errc::stale_version, "connection " + to_string(token.connection) + " has other secrets by now");
  row.sealed_secrets = sealed_secrets;
  db_->refreshes.erase(token.connection);
  return {};
}

caf::error memory_run_store::check_command(const std::string& id, tenant_id tenant, const shard_claim& claim) const {
  if (auto error = check_command_id(id))
    return error;
  const auto& shard = db_->shards[claim.shard];
  if (shard.owner != self_ || shard.epoch != claim.epoch)
    return store_error(errc::not_owner, "shard " + to_string(claim.shard) + " is not owned by this node");
  auto found = db_->tenants.find(tenant);
  if (found == db_->tenants.end() || found->second.shard != claim.shard || found->second.state == activity::deleting)
    return store_error(errc::not_found, "there is no tenant " + to_string(tenant) + " in shard " + to_string(claim.shard));
  return {};
}

caf::expected<command_standing> memory_run_store::take_command(const std::string& id, tenant_id tenant, const shard_claim& claim) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command(id, tenant, claim))
    return wrong;
  auto [at, is_new] = db_->commands.try_emplace(id, state::command_row{tenant, claim.epoch, db_->now(), {}, {}});
  const auto& row = at->second;
  if (row.tenant != tenant)
    return store_error(errc::conflict, "command " + id + " was given to another tenant than " + to_string(tenant));
  return command_standing{is_new, row.outcome.has_value(), row.outcome.value_or(command_outcome::done), row.reason, row.epoch};
}

caf::error memory_run_store::settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim,
                                            command_outcome outcome, const std::string& reason) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command_id(id))
    return wrong;
  auto found = db_->commands.find(id);
  const bool is_there = found != db_->commands.end() && found->second.tenant == tenant;
  if (!is_there || found->second.epoch != claim.epoch)
    if (auto wrong = check_command(id, tenant, claim))
      return wrong;
  if (!is_there)
    return store_error(errc::not_found, "nobody has taken command " + id + " to tenant " + to_string(tenant));
  auto& row = found->second;
  if (!row.outcome) {
    row.outcome = outcome;
    row.reason = reason;
  }
  return row.outcome == outcome ? caf::error{} : store_error(errc::conflict, "command " + id + " is settled otherwise");
}

caf::error memory_run_store::untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto wrong = check_command_id(id))
    return wrong;
  auto found = db_->commands.find(id);
  if (found != db_->commands.end() && found->second.tenant == tenant && found->second.epoch == claim.epoch && !found->second.outcome)
    db_->commands.erase(found);
  return {};
}

} // namespace

std::unique_ptr<run_store> memory_database::make_run_store(incarnation self) {
  return std::make_unique<memory_run_store>(state_, self);
}

} // namespace lode
