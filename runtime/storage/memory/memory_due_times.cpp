#include "runtime/storage/memory/memory_run_store.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace lode {

namespace {

/// repair > manual > full > scheduled > backfill
int place_of(run_kind kind) {
  switch (kind) {
    case run_kind::repair:
      return 0;
    case run_kind::manual:
      return 1;
    case run_kind::full:
      return 2;
    case run_kind::scheduled:
      return 3;
    case run_kind::backfill:
      break;
  }
  return 4;
}

} // namespace

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
  std::stable_sort(out.begin(), out.end(),
                   [&](const auto& left, const auto& right) { return place(left) < place(right); });
  std::set<connection_id> known;
  std::erase_if(out, [&](const due_connection& each) { return !known.insert(each.connection).second; });
  if (out.size() > limit)
    out.resize(limit);
  return out;
}

caf::error memory_run_store::set_due(connection_id connection, std::optional<instant> due, run_kind kind) {
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

caf::expected<requested_run> memory_run_store::request_run(connection_id connection, run_kind kind, instant now,
                                                           const once_only& once) {
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

caf::expected<requested_run> memory_run_store::request(connection_id connection, run_kind kind, instant now) {
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

caf::expected<std::optional<run_pace>> memory_run_store::load_pace(connection_id connection) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  auto found = db_->paces.find(connection);
  return found == db_->paces.end() ? std::nullopt : std::optional{found->second.pace};
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

} // namespace lode
