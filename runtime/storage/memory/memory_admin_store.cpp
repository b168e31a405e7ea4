#include <algorithm>
#include <map>
#include <set>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

constexpr size_t runs_looked_at = 100;

class memory_admin_store final : public admin_store {
public:
  explicit memory_admin_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<activity_counts> count_activities() override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    activity_counts out;
    for (const auto& [id, row] : db_->tenants)
      ++out.tenants[static_cast<size_t>(row.state)];
    for (const auto& [id, entry] : db_->connections) {
      ++out.connections[static_cast<size_t>(entry.row.state)];
      out.stopped += is_stopped(worst_of(entry.row));
    }
    return out;
  }

  caf::expected<std::vector<owned_share>> count_shares() override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::map<incarnation, owned_share> shares;
    for (const auto& [id, shard] : db_->shards)
      ++shares[shard.owner].shards;
    for (const auto& [id, tenant] : db_->tenants)
      if (tenant.state != activity::deleting)
        ++shares[db_->shards.at(tenant.shard).owner].tenants;
    std::vector<owned_share> out;
    for (const auto& [owner, share] : shares)
      out.push_back({owner, share.shards, share.tenants});
    return out;
  }

  caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<stopped_connection> out;
    for (const auto& [id, entry] : db_->connections) {
      const auto& tenant = db_->tenants.at(entry.row.tenant);
      auto worst = worst_of(entry.row);
      if (is_stopped(worst))
        out.push_back({tenant.name, entry.row.name, worst,
                       entry.row.state == activity::active ? tenant.reason : entry.row.reason});
    }
    std::ranges::sort(out, [](const auto& a, const auto& b) {
      return std::tie(b.state, a.tenant, a.connection) < std::tie(a.state, b.tenant, b.connection);
    });
    out.resize(std::min(out.size(), limit));
    return out;
  }

  caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<dead_letter_row> out;
    for (auto id = static_cast<size_t>(after); id < db_->dead.size() && out.size() < limit; ++id) {
      const auto& row = db_->dead[id];
      auto owner = db_->streams.find(row.stream);
      if (owner != db_->streams.end() && owner->second.tenant == tenant)
        out.push_back({static_cast<int64_t>(id) + 1, row.connection, row.stream, row.run, row.first_seen, row.last_seen,
                       row.times, row.record.key, row.record.payload, row.record.reason});
    }
    return out;
  }

  caf::expected<stream_reading> load_reading(connection_id connection, stream_id stream, size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    return reading_of(connection, stream, limit);
  }

  caf::expected<live_counts> count_live() override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    return db_->count_live(std::nullopt);
  }

  caf::expected<std::vector<open_gap>> list_open_gaps(size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<open_gap> out;
    for (const auto& [id, entry] : db_->gaps) {
      auto gap = db_->shown(entry);
      const auto& connection = db_->connections.at(gap.connection).row;
      const bool is_open = gap.state == gap_state::owed || gap.state == gap_state::repairing;
      if (is_open && connection.state != activity::deleting && out.size() < limit)
        out.push_back({db_->tenants.at(connection.tenant).name, connection.name, std::move(gap)});
    }
    return out;
  }

  caf::expected<std::optional<listening_row>> load_listening(connection_id connection) override;

  caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, int64_t before, size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    std::vector<gap_row> out;
    for (auto gap = db_->gaps.rbegin(); gap != db_->gaps.rend() && out.size() < limit; ++gap)
      if (gap->second.row.connection == connection && (before == 0 || gap->first < before))
        out.push_back(db_->shown(gap->second));
    return out;
  }

  caf::expected<std::vector<recheck_row>> list_rechecks(connection_id connection, size_t limit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    auto out = rechecks_of(connection);
    out.resize(std::min(out.size(), limit));
    return out;
  }

  caf::expected<int64_t> count_rechecks(connection_id connection) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    return static_cast<int64_t>(rechecks_of(connection).size());
  }

  caf::expected<int64_t> edit_state(const state_edit& edit) override {
    std::scoped_lock lock{db_->mutex};
    if (db_->is_unavailable())
      return unavailable();
    if (auto wrong = check(edit))
      return wrong;
    int64_t changed = 0;
    for (const auto& each : edit.continuations) {
      auto& row = db_->continuations.at(each.id).row;
      if (row.state == each.state)
        continue;
      row.version += version_jump;
      row.state = each.state;
      ++changed;
    }
    for (const auto& each : edit.cursors) {
      auto is_anchored = db_->anchors.contains({each.stream, each.partition});
      if (stands_at(each) == each.known_up_to && (each.known_up_to || !is_anchored))
        continue;
      db_->set_cursor({each.stream, each.partition}, each.known_up_to);
      ++changed;
    }
    return changed;
  }

private:
  activity worst_of(const connection_row& row) const { return std::max(db_->tenants.at(row.tenant).state, row.state); }
  static bool is_stopped(activity state) { return state == activity::paused || state == activity::suspended; }

  std::optional<instant> stands_at(const cursor_edit& edit) const {
    auto found = db_->cursors.find({edit.stream, edit.partition});
    return found == db_->cursors.end() ? std::nullopt : std::optional{found->second.known_up_to};
  }

  int64_t version_of(const cursor_edit& edit) const {
    auto found = db_->cursors.find({edit.stream, edit.partition});
    return found == db_->cursors.end() ? 0 : found->second.version;
  }

  std::vector<recheck_row> rechecks_of(connection_id connection) const;
  stream_reading reading_of(connection_id connection, stream_id stream, size_t limit) const;
  void add_slices(stream_reading& out, connection_id connection, stream_id stream, size_t limit) const;
  void add_died(stream_reading& out, stream_id stream, size_t limit) const;
  bool is_current(const run_summary& run) const;
  bool reads_whole(const run_summary& run, stream_id stream) const;
  bool counts(const partition_anchor& row, const connection_row& connection) const {
    return row.anchor.edition == connection.edition && row.anchor.source_version == db_->sources.at(connection.source).version;
  }

  caf::error check(const state_edit& edit) const;
  caf::error check_versions(const state_edit& edit) const;
  caf::error check_contradictions(const state_edit& edit) const;

  static caf::error unavailable() { return store_error(errc::store_unavailable, "the store does not answer"); }

  std::shared_ptr<state> db_;
};

stream_reading memory_admin_store::reading_of(connection_id connection, stream_id stream, size_t limit) const {
  stream_reading out;
  auto owner = db_->streams.find(stream);
  if (owner == db_->streams.end() || owner->second.connection != connection)
    return out;
  const auto add = [&](auto& list, auto row) {
    out.is_cut = out.is_cut || list.size() == limit;
    if (list.size() < limit)
      list.push_back(std::move(row));
  };
  for (const auto& [at, spans] : db_->intervals)
    for (const auto& [from, to] : spans)
      if (at.first == stream)
        add(out.closed, read_span{at.second, {from, to}});
  for (const auto& [at, row] : db_->anchors)
    if (at.first == stream && counts(row, db_->connections.at(connection).row))
      add(out.anchors, row);
  add_slices(out, connection, stream, limit);
  add_died(out, stream, limit);
  for (const auto& [id, gap] : db_->gaps)
    if (auto row = db_->shown(gap); row.connection == connection && row.state != gap_state::closed
                                    && (row.state != gap_state::unverified || std::ranges::count(row.unswept, stream) > 0))
      add(out.gaps, std::move(row));
  return out;
}

caf::expected<std::optional<listening_row>> memory_admin_store::load_listening(connection_id connection) {
  std::scoped_lock lock{db_->mutex};
  if (db_->is_unavailable())
    return unavailable();
  auto found = db_->listeners.find(connection);
  if (found == db_->listeners.end())
    return std::optional<listening_row>{};
  const auto& row = found->second;
  if (db_->is_listening(row))
    return std::optional{listening_row{true, row.since, row.healthy_until, ""}};
  for (const auto& [id, gap] : db_->gaps)
    if (gap.row.connection == connection && !gap.row.until)
      return std::optional{listening_row{false, gap.row.from, row.healthy_until, gap.row.reason}};
  const auto* why = row.standing == state::listener_state::handed_over ? "handed over: it moves to another node, or is not active"
                                                                        : "who listened has ended without a word";
  return std::optional{listening_row{false, row.healthy_until, row.healthy_until, why}};
}

/// The most urgent first.
std::vector<recheck_row> memory_admin_store::rechecks_of(connection_id connection) const {
  std::vector<recheck_row> out;
  const auto now = db_->now();
  for (const auto& [key, row] : db_->rechecks)
    if (const auto& stream = db_->streams.at(key.first); stream.connection == connection && stream.is_chosen)
      out.push_back({key.first, key.second, row.due - now, row.asked, row.attempts, row.reason});
  std::ranges::stable_sort(out, {}, &recheck_row::due_in);
  return out;
}

/// As the real store lists them: see stream_reading::slices.
void memory_admin_store::add_slices(stream_reading& out, connection_id connection, stream_id stream, size_t limit) const {
  const bool is_anchored = std::any_of(db_->anchors.begin(), db_->anchors.end(),
                                       [&](const auto& each) { return each.first.first == stream; });
  size_t runs = 0;
  for (auto run = db_->runs.rbegin(); run != db_->runs.rend() && runs < runs_looked_at; ++run) {
    const auto& summary = run->second.summary;
    if (summary.connection != connection)
      continue;
    ++runs;
    const bool is_last = reads_whole(summary, stream);
    bool has_one = false;
    for (const auto& [id, entry] : db_->continuations) {
      if (entry.row.run != summary.run || entry.row.stream != stream || entry.row.is_sweep)
        continue;
      if (is_last && !is_anchored && entry.counters.dead == 0 && has_one)
        continue;
      has_one = true;
      out.is_cut = out.is_cut || out.slices.size() == limit;
      if (out.slices.size() < limit)
        out.slices.push_back({summary.run, summary.phase, summary.started, entry.row.partition, entry.row.slice, entry.phase,
                              entry.reason, entry.counters.dead, summary.kind, is_current(summary)});
    }
    if (is_last)
      return;
  }
}

/// Begun since source and connection are what they are now.
bool memory_admin_store::is_current(const run_summary& run) const {
  const auto& connection = db_->connections.at(run.connection);
  auto version = db_->version_began.find(connection.row.source);
  return (!connection.edition_began || run.started > *connection.edition_began)
         && (version == db_->version_began.end() || run.started > version->second);
}

bool memory_admin_store::reads_whole(const run_summary& run, stream_id stream) const {
  if (run.phase != run_phase::finished || run.kind == run_kind::backfill || run.kind == run_kind::repair || !is_current(run))
    return false;
  bool is_whole = false;
  for (const auto& [id, entry] : db_->continuations) {
    if (entry.row.run != run.run || entry.row.stream != stream || entry.row.is_sweep)
      continue;
    if (entry.phase != continuation_phase::closed || !entry.reason.empty() || !entry.row.slice.is_whole())
      return false;
    is_whole = true;
  }
  return is_whole;
}

void memory_admin_store::add_died(stream_reading& out, stream_id stream, size_t limit) const {
  std::map<run_id, died_records> by_run;
  size_t seen = 0;
  for (auto row = db_->dead.rbegin(); row != db_->dead.rend(); ++row) {
    if (row->stream != stream)
      continue;
    if (seen++ == limit) {
      out.is_cut = true;
      break;
    }
    auto& entry = by_run[row->run];
    entry = {row->run, entry.count + 1, std::max(entry.last_seen, row->last_seen)};
  }
  for (auto each = by_run.rbegin(); each != by_run.rend(); ++each)
    out.died.push_back(each->second);
}

caf::error memory_admin_store::check(const state_edit& edit) const {
  auto connection = db_->connections.find(edit.connection);
  if (connection == db_->connections.end() || connection->second.row.state == activity::deleting)
    return store_error(errc::not_found, "there is no connection " + to_string(edit.connection));
  for (const auto& each : edit.continuations) {
    auto found = db_->continuations.find(each.id);
    if (found == db_->continuations.end() || found->second.phase != continuation_phase::open
        || db_->runs.at(found->second.row.run).summary.connection != edit.connection)
      return store_error(errc::not_found, "continuation " + to_string(each.id) + " is not open");
  }
  for (const auto& each : edit.cursors) {
    auto found = db_->streams.find(each.stream);
    if (found == db_->streams.end() || found->second.connection != edit.connection)
      return store_error(errc::not_found, "stream " + to_string(each.stream) + " does not belong to connection "
                                            + to_string(edit.connection));
  }
  if (auto stale = check_versions(edit))
    return stale;
  return check_contradictions(edit);
}

caf::error memory_admin_store::check_versions(const state_edit& edit) const {
  std::string stale;
  const auto compare = [&](const std::string& what, int64_t stands, int64_t expected) {
    if (stands != expected)
      stale += (stale.empty() ? "" : "; ") + what + " stands at version " + std::to_string(stands) + ", not "
               + std::to_string(expected);
  };
  for (const auto& each : edit.cursors)
    compare("the cursor of " + db_->streams.at(each.stream).row.name + (each.partition.empty() ? "" : " ") + each.partition,
            version_of(each), each.expected_version);
  for (const auto& each : edit.continuations)
    compare("continuation " + to_string(each.id), db_->continuations.at(each.id).row.version, each.expected_version);
  return stale.empty() ? caf::error{} : store_error(errc::stale_version, stale);
}

caf::error memory_admin_store::check_contradictions(const state_edit& edit) const {
  std::set<state::partition_key> moved, named;
  std::set<continuation_id> ids;
  for (const auto& each : edit.cursors) {
    if (!named.emplace(each.stream, each.partition).second)
      return store_error(errc::bad_argument, "a cursor or a continuation is named twice");
    if (stands_at(each) != each.known_up_to)
      moved.emplace(each.stream, each.partition);
  }
  for (const auto& each : edit.continuations) {
    const auto& row = db_->continuations.at(each.id).row;
    if (!ids.insert(each.id).second)
      return store_error(errc::bad_argument, "a cursor or a continuation is named twice");
    if (row.state != each.state && moved.contains({row.stream, row.partition}))
      return store_error(errc::bad_argument,
                         "a cursor ends the open continuations of its partition: set the one or the other");
  }
  return {};
}

} // namespace

std::unique_ptr<admin_store> memory_database::make_admin_store() {
  return std::make_unique<memory_admin_store>(state_);
}

} // namespace lode
