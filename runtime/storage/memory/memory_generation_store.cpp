#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

class memory_generation_store final : public generation_store {
public:
  explicit memory_generation_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<store_standing> look() override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    store_standing out{db_->generation, db_->doubt};
    for (const auto& [id, shard] : db_->shards)
      out.positions += shard.feed_seq;
    return out;
  }

  caf::error doubt(int64_t generation, const std::string& why) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (generation == db_->generation && db_->doubt.empty())
      db_->doubt = why;
    return {};
  }

  caf::expected<new_generation> begin_generation() override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return no_answer();
    if (auto alive = db_->alive(); !alive.empty())
      return store_error(errc::conflict, "nodes of this store are running: " + alive + "; stop them all, then ask again");
    new_generation out{db_->generation, ++db_->generation};
    db_->doubt.clear();
    for (auto& [id, shard] : db_->shards) {
      shard.owner = {};
      shard.epoch.value += version_jump;
    }
    for (auto& [id, entry] : db_->continuations)
      if (entry.phase == continuation_phase::open)
        entry.row.version += version_jump;
    for (auto& [id, sink] : db_->sinks)
      for (auto& [shard, cursor] : sink.cursors) {
        cursor.position = std::min(cursor.position, db_->shards.at(shard).feed_seq);
        cursor.holder = {};
        cursor.retry_at.reset();
      }
    db_->writers.clear();
    db_->nodes.clear();
    db_->view += version_jump;
    for (auto& next : db_->next_id)
      next += version_jump;
    db_->cursor_versions += version_jump;
    for (const auto& [id, run] : db_->runs)
      out.open_runs += run.summary.phase == run_phase::open ? 1 : 0;
    return out;
  }

private:
  static caf::error no_answer() { return store_error(errc::store_unavailable, "injected: the store does not answer"); }

  std::shared_ptr<state> db_;
};

} // namespace

std::unique_ptr<generation_store> memory_database::make_generation_store() {
  return std::make_unique<memory_generation_store>(state_);
}

} // namespace lode
