#include <algorithm>
#include <map>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

/// Time is a counter here, so a week of the feed never ends.
class memory_upkeep_store final : public upkeep_store {
public:
  explicit memory_upkeep_store(std::shared_ptr<state> db) : db_(std::move(db)) {}

  caf::expected<bool> tidy_some(const retention& keep, size_t rows) override {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    now_ = db_->now();
    return (keep.runs.count() > 0 && (trim_gaps(keep.runs, rows) || trim_runs(keep.runs, rows)))
           || (keep.dead_letters.count() > 0 && trim_dead_letters(keep.dead_letters, rows)) || trim_marks() || trim_standings()
           || (keep.cluster.count() > 0 && trim_cluster(keep.cluster));
  }

private:
  bool is_latest(const run_summary& run) const {
    for (auto later = std::next(db_->runs.find(run.run)); later != db_->runs.end(); ++later)
      if (later->second.summary.connection == run.connection)
        return false;
    return true;
  }

  bool is_named_by_gap(run_id run) const {
    return std::ranges::any_of(db_->gaps, [&](const auto& entry) { return entry.second.row.repair == run; });
  }

  bool trim_gaps(std::chrono::microseconds keep, size_t rows) {
    std::map<connection_id, state::gap_entry*> first; ///< unverified
    for (auto gap = db_->gaps.begin(); gap != db_->gaps.end();) {
      const auto row = db_->shown(gap->second);
      const bool is_repaired = row.state == gap_state::closed || row.state == gap_state::unverified;
      const bool is_old = is_repaired && *db_->runs.at(row.repair).summary.ended < now_ - keep;
      const bool is_first = row.state == gap_state::unverified && first.try_emplace(row.connection, &gap->second).second;
      if (!is_old || is_first) {
        ++gap;
        continue;
      }
      if (rows-- == 0)
        return true;
      if (row.state == gap_state::unverified)
        fold(row, first.at(row.connection)->row);
      gap = db_->gaps.erase(gap);
    }
    return false;
  }

  static void fold(const gap_row& gap, gap_row& into) {
    into.from = std::min(into.from, gap.from);
    into.until = std::max(*into.until, *gap.until);
    into.repair = std::max(into.repair, gap.repair);
    into.unswept.insert(into.unswept.end(), gap.unswept.begin(), gap.unswept.end());
    std::ranges::sort(into.unswept);
    into.unswept.erase(std::unique(into.unswept.begin(), into.unswept.end()), into.unswept.end());
  }

  bool trim_runs(std::chrono::microseconds keep, size_t rows) {
    for (auto run = db_->runs.begin(); run != db_->runs.end();) {
      const auto& summary = run->second.summary;
      if (summary.phase == run_phase::open || *summary.ended >= now_ - keep || is_latest(summary) || is_named_by_gap(run->first)) {
        ++run;
        continue;
      }
      for (auto at = db_->continuations.begin(); at != db_->continuations.end() && rows > 0;) {
        bool is_of_run = at->second.row.run == run->first;
        rows -= is_of_run ? 1 : 0;
        at = is_of_run ? db_->continuations.erase(at) : std::next(at);
      }
      if (rows == 0)
        return true;
      run = db_->runs.erase(run);
    }
    return false;
  }

  /// Ids are places in the list, so a row that is removed leaves an empty one.
  bool trim_dead_letters(std::chrono::microseconds keep, size_t rows) {
    for (auto& row : db_->dead) {
      if (rows == 0)
        return true;
      if (!row.stream || row.last_seen >= now_ - keep)
        continue;
      row = {};
      --rows;
    }
    return false;
  }

  /// Of passes that no sweep waits for.
  bool trim_marks() {
    std::erase_if(db_->marks, [&](const auto& entry) {
      auto found = db_->sweeps.find(entry.first.first);
      return found == db_->sweeps.end() || found->second.pass != entry.first.second;
    });
    return false;
  }

  /// What lives told that own the shard no more.
  bool trim_standings() {
    std::erase_if(db_->standings, [&](const auto& entry) {
      return db_->shards.at(db_->connections.at(entry.first).row.shard).owner != entry.second.teller;
    });
    return false;
  }

  bool trim_cluster(std::chrono::microseconds keep) {
    std::erase_if(db_->commands, [&](const auto& entry) { return entry.second.taken < now_ - keep; });
    std::erase_if(db_->nodes, [&](const auto& entry) {
      const auto owns = [&](const auto& shard) { return shard.second.owner == entry.first; };
      return !db_->is_alive(entry.first) && entry.second.ended < now_ - keep && std::ranges::none_of(db_->shards, owns);
    });
    return false;
  }

  std::shared_ptr<state> db_;
  instant now_{};
};

} // namespace

std::unique_ptr<upkeep_store> memory_database::make_upkeep_store() {
  return std::make_unique<memory_upkeep_store>(state_);
}

} // namespace lode
