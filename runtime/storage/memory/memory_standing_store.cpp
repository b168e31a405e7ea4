#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

constexpr size_t kept_errors = 20;

caf::error no_answer() {
  return store_error(errc::store_unavailable, "injected: the store does not answer");
}

/// What holds connections is not kept here: it follows from their rows.
class memory_standing_store final : public standing_store {
public:
  memory_standing_store(std::shared_ptr<state> db, incarnation self) : db_(std::move(db)), self_(self) {}

  caf::error put_standings(const std::vector<told_standing>& standings) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    for (const auto& each : standings)
      if (owns(each.connection))
        db_->standings[each.connection] = {self_, each};
    return {};
  }

  caf::error end_standings(const std::vector<connection_id>& connections) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    for (auto connection : connections)
      if (const auto* run = latest_ended(connection); run && run->phase == run_phase::incomplete && owns(connection))
        db_->standings[connection] = {self_, {connection, wait_reason::backing_off, run->ended.value_or(instant{}), {}, run->reason}};
      else if (auto found = db_->standings.find(connection); found != db_->standings.end() && found->second.teller == self_)
        db_->standings.erase(found);
    return {};
  }

  caf::error add_call_errors(const std::vector<call_error>& errors) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    for (const auto& each : errors) {
      if (!owns(each.connection))
        continue;
      auto& kept = db_->call_errors[each.connection];
      kept.push_back(each);
      if (kept.size() > kept_errors)
        kept.pop_front();
    }
    return {};
  }

private:
  const run_summary* latest_ended(connection_id connection) const {
    const run_summary* out = nullptr;
    for (const auto& [id, run] : db_->runs)
      if (run.summary.connection == connection && run.summary.phase != run_phase::open)
        out = &run.summary;
    return out;
  }

  bool owns(connection_id connection) const {
    auto found = db_->connections.find(connection);
    return found != db_->connections.end() && found->second.row.state != activity::deleting
           && db_->shards.at(found->second.row.shard).owner == self_;
  }

  std::shared_ptr<state> db_;
  incarnation self_;
};

} // namespace

std::unique_ptr<standing_store> memory_database::make_standing_store(incarnation self) {
  return std::make_unique<memory_standing_store>(state_, self);
}

/// As the real store's rows: gone when its connection is, believed as long as the teller owns the shard.
std::vector<told_standing> memory_database::standings() const {
  std::lock_guard lock{state_->mutex};
  std::vector<told_standing> out;
  for (const auto& [id, entry] : state_->standings)
    if (auto found = state_->connections.find(id);
        found != state_->connections.end() && state_->shards.at(found->second.row.shard).owner == entry.teller)
      out.push_back(entry.standing);
  return out;
}

std::vector<call_error> memory_database::call_errors(connection_id connection) const {
  std::lock_guard lock{state_->mutex};
  auto found = state_->call_errors.find(connection);
  return found == state_->call_errors.end() ? std::vector<call_error>{} : std::vector<call_error>{found->second.rbegin(), found->second.rend()};
}

} // namespace lode
