#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "actors/supervision/activity.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

/// What works for one connection at a moment. Valid while it is being looked at.
struct connection_work {
  tenant_id tenant;
  connection_id connection;
  std::vector<const work_line*> parts; ///< its open runs among them
  int64_t records = 0;                ///< of its pages that were committed, since it was seen first
  std::optional<instant> last_commit{};
};

/// What every actor that works for a tenant does at the moment: for people, and for what the store is told of connections that wait.
/// Whoever works has an entry and says at each step what it does; the entry goes with it. Any thread. A tenant's entries share one of
/// 64 locks, held for a few assignments: a page costs some ten of them.
class activity_board {
  struct shard;

public:
  /// An actor's line on the board. One that was made without a board does nothing.
  class entry {
  public:
    entry() = default;
    entry(entry&& other) noexcept { swap(other); }
    entry& operator=(entry&& other) noexcept {
      entry{std::move(other)}.swap(*this);
      return *this;
    }
    ~entry() { leave(); }

    void does(doing step, std::optional<instant> until = {}, std::string detail = {});
    /// It could not get on, for this reason; counts as a try that failed.
    void fails(wait_reason why, std::string text);
    /// It got on: earlier trouble is over.
    void gets_on();

  private:
    friend class activity_board;
    entry(activity_board& board, shard& place, work_line& line, uint64_t key) : board_(&board), place_(&place), line_(&line), key_(key) {}
    void swap(entry& other) noexcept;
    void leave();

    activity_board* board_ = nullptr;
    shard* place_ = nullptr;
    work_line* line_ = nullptr;
    uint64_t key_ = 0;
    bool is_troubled_ = false; ///< as the line says; spares a lock
  };

  explicit activity_board(std::function<instant()> now = wall_clock);
  activity_board(const activity_board&) = delete;

  /// Of `line` who, kind, tenant, connection, what, side, actor and restarts count.
  entry enter(work_line line);
  /// From the fetch gate: what holds back a request of this actor. Nothing, unless that one asks for a permit.
  void held_back(tenant_id tenant, uint64_t actor, doing why, std::chrono::nanoseconds wait, std::string detail);
  /// From the page writers.
  void committed(tenant_id tenant, connection_id connection, int64_t records);
  void restarted(worker who, const std::string& kind = {});
  /// Of the kind that Lode brings.
  int64_t running(worker who) const { return running_[static_cast<size_t>(who)]; }

  struct count {
    worker who{};
    int64_t running = 0;
    int64_t restarts = 0;
  };
  /// All actors that there are or were, by their names in CAF's registry.
  std::map<std::string, count> counts() const;
  /// The actors of one tenant, parents first, by connection.
  std::vector<work_line> of(tenant_id tenant) const;
  /// Connections of which a run has left since this was asked last.
  std::vector<connection_id> take_left();
  /// Each connection that something works for, in no order. A lock is held meanwhile: `look` must be quick.
  void visit(const std::function<void(const connection_work&)>& look) const;
  instant now() const { return now_(); }

private:
  struct progress {
    int64_t records = 0;
    std::optional<instant> last_commit{};
  };
  struct tenant_lines {
    std::map<uint64_t, work_line> lines; ///< by actor; those of none have the highest bit
    std::map<connection_id, progress> done;
  };
  struct alignas(64) shard {
    mutable std::mutex mutex;
    std::unordered_map<tenant_id, tenant_lines> tenants;
    std::set<connection_id> left; ///< see take_left
  };
  static constexpr size_t shards = 64;

  void change_running(const work_line& line, int64_t by);
  shard& shard_of(tenant_id tenant) const { return (*shards_)[static_cast<uint64_t>(tenant.value) % shards]; }

  std::function<instant()> now_;
  std::unique_ptr<std::array<shard, shards>> shards_ = std::make_unique<std::array<shard, shards>>();
  std::atomic<uint64_t> unnamed_{0};
  std::array<std::atomic<int64_t>, workers> running_{};
  std::array<std::atomic<int64_t>, workers> restarts_{};
  mutable std::mutex kinds_mutex_;
  std::map<std::pair<worker, std::string>, count> kinds_; ///< those that Lode does not bring
};

/// On no board, where there is none.
inline activity_board::entry enter(activity_board* board, work_line line) {
  return board ? board->enter(std::move(line)) : activity_board::entry{};
}

} // namespace lode
