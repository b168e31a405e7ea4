#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/scheduling/run_report.hpp"
#include "actors/supervision/activity_board.hpp"
#include "actors/supervision/call_error_box.hpp"
#include "actors/supervision/restart_budget.hpp"
#include "messages/actors.hpp"
#include "runtime/lease.hpp"

namespace lode {

class http_client;
class continuation_codec;
struct miner_job;

/// Logical time of this node: stamped before a request is sent and when an event is received. Only grows.
class logical_clock {
public:
  int64_t next() noexcept { return ++counter_; }

private:
  std::atomic<int64_t> counter_{0};
};

/// How the store does, as those see it who work with it (writers, membership, quarantine): a slow store must not look like a lost page.
/// An outage begins with the first of them that gets no answer and is over when all of them are answered again.
class store_health {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Is told of each outage, once as it begins and once as it is over ("" then); must not block or call back. Before anybody works.
  using listener = std::function<void(bool is_out, const std::string& why)>;
  void tell(listener whom) { told_ = std::move(whom); }

  /// For the caller it begins: each calls this once, then outage_ends().
  void outage_begins(const std::string& why) {
    std::lock_guard lock{mutex_};
    why_ = why;
    if (++outages_ == 1)
      told_(true, why);
  }
  void outage_ends() {
    std::lock_guard lock{mutex_};
    if (--outages_ == 0)
      told_(false, {});
  }
  bool is_out() const noexcept { return outages_.load() > 0; }

  /// What the store said last of why it cannot commit, for people.
  void explain(std::string why) {
    std::lock_guard lock{mutex_};
    why_ = std::move(why);
  }
  /// Of the present outage, or else of the latest one.
  std::string why() const {
    std::lock_guard lock{mutex_};
    return why_;
  }

  /// The database lacks what it had said was committed: nothing is committed any more. The first reason stays.
  void found_back(const std::string& why) {
    std::lock_guard lock{mutex_};
    if (went_back_.empty())
      went_back_ = why;
  }
  /// Empty: as far as is known it lacks nothing.
  std::string went_back() const {
    std::lock_guard lock{mutex_};
    return went_back_;
  }

  /// The store answered for pages that had waited long: those behind them are late, not lost. An answer in good time is
  /// not noted, else a busy store would hide a lost page for ever.
  void answered_late(time_point when) noexcept { last_late_answer_ = when.time_since_epoch().count(); }
  time_point last_late_answer() const noexcept { return time_point{time_point::duration{last_late_answer_.load()}}; }

private:
  std::atomic<int> outages_{0};
  std::atomic<time_point::rep> last_late_answer_{0};
  mutable std::mutex mutex_;
  std::string why_;
  std::string went_back_;
  listener told_ = [](bool, const std::string&) {};
};

enum class fetch_result : uint8_t { ok, retried, rate_limited, refused, failed };

/// What people see of the page path: metrics and log lines. Called from any thread; must not block.
struct mining_report {
  /// By the kind of the miner (`x-lode.miner`).
  std::function<void(const std::string& miner, fetch_result)> fetched = [](auto&, auto) {};
  /// From the request sent to its page committed.
  std::function<void(std::chrono::nanoseconds)> committed = [](auto) {};
  run_report happened = no_run_report;
  /// Pages that were requested and will not commit here, because their shard went to another node: that one fetches them again.
  std::function<void(uint64_t)> abandoned = [](auto) {};
};

/// How many live at the moment: whoever waits holds one.
class counted_wait {
public:
  explicit counted_wait(std::atomic<int64_t>* count) : count_(count) {
    if (count_)
      ++*count_;
  }
  counted_wait(const counted_wait&) = delete;
  counted_wait& operator=(const counted_wait&) = delete;
  ~counted_wait() {
    if (count_)
      --*count_;
  }

private:
  std::atomic<int64_t>* count_;
};

/// What the page path of one node shares. Made once by the composition root; everything in it outlives the actors.
struct mining_services {
  timers_actor timers;
  fetch_gate_actor gate;
  run_keeper_actor keeper;
  quarantine_actor quarantine;
  std::vector<processor_actor> processors;
  std::vector<page_writer_actor> writers;
  /// Makes the miner for a job; from the registry.
  std::function<miner_actor(caf::actor_system&, miner_job)> make_miner;
  /// Makes the capture of one live side of a connection.
  std::function<capture_actor(caf::actor_system&, connection_pointer, uint32_t side, tenant_supervisor_actor,
                              credential_keeper_actor)> make_capture;
  http_client* http = nullptr;
  const continuation_codec* codec = nullptr;
  logical_clock* clock = nullptr;
  store_health* health = nullptr;
  /// Without it nothing is sent to APIs. Null: this node cannot be declared gone (unit tests).
  const lease* held = nullptr;
  std::atomic<int64_t>* waiting_for_lease = nullptr; ///< how many do; may be null
  mining_report report;
  activity_board* board = nullptr;  ///< what everybody does at the moment; null: nobody looks (unit tests)
  call_error_box* errors = nullptr; ///< calls that failed, for people; null: as above
  /// Wall clock for template "now" and cursors; never for order.
  std::function<instant()> now;

  uint64_t window = 4;            ///< pages fetched and not yet committed, per miner
  uint32_t miners_per_tenant = 4;
  /// No progress and no late answer of the store for so long: the page is lost.
  std::chrono::nanoseconds page_deadline = std::chrono::minutes{4};
  restart_limits restarts;

  /// To APIs.
  bool may_send() const { return !held || held->holds(); }
  /// How long whoever may not waits before it looks again.
  static constexpr std::chrono::milliseconds lease_retry{150};

  const page_writer_actor& writer_of(shard_id shard) const { return writers[shard.value % writers.size()]; }
  const processor_actor& processor_of(continuation_id id) const {
    return processors[static_cast<uint64_t>(id.value) % processors.size()];
  }
};
using services_pointer = std::shared_ptr<const mining_services>;

} // namespace lode
