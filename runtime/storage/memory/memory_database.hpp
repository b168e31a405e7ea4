#pragma once

#include <functional>
#include <memory>

#include "runtime/storage/admin_store.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/generation_store.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/membership_store.hpp"
#include "runtime/storage/page_store.hpp"
#include "runtime/storage/run_store.hpp"
#include "runtime/storage/sink_store.hpp"
#include "runtime/storage/standing_store.hpp"
#include "runtime/storage/upkeep_store.hpp"

namespace lode {

/// What goes wrong next in a memory_database.
enum class memory_fault : uint8_t {
  unavailable,           ///< the operation fails with errc::store_unavailable / commit_status::unavailable
  timed_out,             ///< a commit is not done, as of a page that takes too long
  unknown_committed,     ///< a commit is done, but its caller is told `unknown`
  unknown_not_committed, ///< a commit is not done and its caller is told `unknown`
  lost_marks,            ///< load_marks finds none, as if they had gone since load_pass counted them
  unreadable_feed,       ///< read_changes finds the store away, and nothing else does
};

/// A store in memory: the fake for actor tests, held to the contract of the real one. All stores made from one database
/// share its data behind one mutex; each store is used by one thread. Deterministic: ids count from 1, the hash seed is
/// fixed, generations and times are counted.
class memory_database {
public:
  memory_database();
  ~memory_database();
  memory_database(const memory_database&) = delete;
  memory_database& operator=(const memory_database&) = delete;

  /// The stores may outlive this object.
  std::unique_ptr<page_store> make_page_store(incarnation self, int64_t number = 0);
  std::unique_ptr<run_store> make_run_store(incarnation self);
  std::unique_ptr<catalog_store> make_catalog_store();
  std::unique_ptr<admin_store> make_admin_store();
  std::unique_ptr<upkeep_store> make_upkeep_store();
  std::unique_ptr<generation_store> make_generation_store();
  std::unique_ptr<membership_store> make_membership_store(incarnation self);
  std::unique_ptr<live_store> make_live_store(incarnation self);
  std::unique_ptr<standing_store> make_standing_store(incarnation self);
  std::unique_ptr<sink_store> make_sink_store(incarnation self);

  /// The clock of sinks (how long claims hold and failures wait), in place of the counter that passes for time here; called with the
  /// data locked.
  void set_sink_clock(std::function<instant()> clock);
  /// Removes the oldest part of a shard's feed, which time does not do here.
  void trim_feed(shard_id shard, int64_t upto);
  /// The next `times` operations that the fault applies to fail so: `unavailable` to every operation (also probes),
  /// `lost_marks` to load_marks, `unreadable_feed` to read_changes, the others to commits.
  void inject(memory_fault fault, int times = 1);
  /// Forgets injected faults.
  void heal();
  /// Changes that the database refuses, as PostgreSQL refuses a value: the group ends as data_error, a page that stands
  /// alone loses them to its dead letters. nullptr: none.
  void poison(std::function<bool(const record_change&)> is_poison);

  /// Closes a continuation without telling its run: a defect that a claim repairs.
  void close_behind_its_run(continuation_id continuation);

  /// For assertions: dead letters of a stream, and all rows that still belong to a tenant.
  std::vector<dead_record> dead_letters(stream_id stream) const;
  size_t rows_of(tenant_id tenant) const;
  int64_t commits() const; ///< groups that were committed
  /// What is told by those who own the shards, by connection; and of one connection its errors, latest first.
  std::vector<told_standing> standings() const;
  std::vector<call_error> call_errors(connection_id connection) const;

  struct state;

private:
  std::shared_ptr<state> state_;
};

} // namespace lode
