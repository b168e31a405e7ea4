#include "runtime/storage/memory/memory_database.hpp"

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/shard_hash.hpp"

namespace lode {

memory_database::memory_database() : state_(std::make_shared<state>()) {
  for (int64_t i = 0; i < default_shard_count; ++i)
    state_->shards[{i}];
}

memory_database::~memory_database() = default;

void memory_database::inject(memory_fault fault, int times) {
  std::lock_guard lock{state_->mutex};
  state_->faults.insert(state_->faults.end(), static_cast<size_t>(times), fault);
}

void memory_database::heal() {
  std::lock_guard lock{state_->mutex};
  state_->faults.clear();
}

void memory_database::poison(std::function<bool(const record_change&)> is_poison) {
  std::lock_guard lock{state_->mutex};
  state_->is_poison = std::move(is_poison);
}

void memory_database::close_behind_its_run(continuation_id continuation) {
  std::lock_guard lock{state_->mutex};
  state_->continuations.at(continuation).phase = continuation_phase::closed;
}

std::vector<dead_record> memory_database::dead_letters(stream_id stream) const {
  std::lock_guard lock{state_->mutex};
  std::vector<dead_record> out;
  for (const auto& row : state_->dead)
    if (row.stream == stream)
      out.push_back(row.record);
  return out;
}

size_t memory_database::rows_of(tenant_id tenant) const {
  std::lock_guard lock{state_->mutex};
  auto& db = *state_;
  size_t out = db.tenants.count(tenant);
  for (const auto& [id, connection] : db.connections) {
    if (connection.row.tenant != tenant)
      continue;
    out += 1 + db.due.count(id) + db.refreshes.count(id) + db.paces.count(id) + db.listeners.count(id) + db.standings.count(id)
           + db.call_errors.count(id);
    for (const auto& [number, gap] : db.gaps)
      out += gap.row.connection == id ? 1 : 0;
    for (const auto& [key, requested] : db.requested)
      out += key.first == id ? 1 : 0;
    for (const auto& dead : db.dead)
      out += dead.connection == id ? 1 : 0;
  }
  for (const auto& [id, stream] : db.streams) {
    if (stream.tenant != tenant)
      continue;
    auto records = db.records.find(id);
    out += 1 + (records == db.records.end() ? 0 : records->second.size()) + db.full_passes.count(id) + db.sweeps.count(id);
    for (const auto& [key, pages] : db.marks)
      out += key.first == id ? pages.size() : 0;
    for (const auto& [key, closed] : db.intervals)
      out += key.first == id ? closed.size() : 0;
    for (const auto& [key, cursor] : db.cursors)
      out += key.first == id ? 1 : 0;
    for (const auto& [key, anchor] : db.anchors)
      out += key.first == id ? 1 : 0;
    for (const auto& [key, doubt] : db.rechecks)
      out += key.first == id ? 1 : 0;
  }
  for (const auto& [id, run] : db.runs)
    out += run.summary.tenant == tenant ? 1 : 0;
  for (const auto& [id, entry] : db.continuations) {
    auto run = db.runs.find(entry.row.run);
    out += run == db.runs.end() || run->second.summary.tenant == tenant ? 1 : 0;
  }
  for (const auto& [id, command] : db.commands)
    out += command.tenant == tenant ? 1 : 0;
  for (const auto& [shard, entries] : db.feed)
    for (const auto& entry : entries)
      out += entry.tenant == tenant ? 1 : 0;
  return out;
}

int64_t memory_database::commits() const {
  std::lock_guard lock{state_->mutex};
  return state_->commits;
}

} // namespace lode
