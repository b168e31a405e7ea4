#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "messages/ids.hpp"
#include "messages/storage.hpp"

/// Runs and their continuations as they stand in the store.
namespace lode {

enum class run_kind : uint8_t { scheduled, manual, backfill, repair, full };
enum class run_phase : uint8_t { open, finished, incomplete, cancelled };
/// Among runs of one kind that are due, higher ones start first.
enum class urgency : uint8_t { low, normal, high };

struct shard_claim {
  shard_id shard;
  shard_epoch epoch;
};

/// A single-use refresh token as a node finds it. Secrets are sealed, the token is named by a hash only.
struct refresh_token {
  connection_id connection;
  shard_claim claim;
  std::string sealed_secrets; ///< as they were loaded
  std::string hash;           ///< of the token in them
};

/// A continuation as it stands in the store.
struct continuation_row {
  continuation_id id;
  run_id run;
  stream_id stream;
  std::string partition;
  slice_bounds slice;
  int64_t version = 0;
  std::string state; ///< sealed wire::continuation_state
  /// How often the process died since its last page. A page commit, and a person who resumes its connection, set it to 0.
  int32_t crash_resumes = 0;
  int32_t alone_deaths = 0; ///< those of them that found its page in work with nothing beside it
  run_id pass{};         ///< the full pass of its stream that waits for what it sees; 0 = none: its pages leave no marks
  bool is_sweep = false; ///< reads nothing: deletes at the end of the run what a full pass did not see
};

/// A full pass as the sweep at the end of `run` finds it.
struct pass_standing {
  run_id pass;
  fact_order began;       ///< logical time before its first request; what is newer stays
  slice_bounds window;    ///< what all its partitions covered; whole where the stream is not sliced
  bool is_confirmed = false; ///< a person said that so much may be deleted
  std::string why_not;    ///< it proves nothing; empty: what it did not see is gone
  bool comes_again = false; ///< only this run did not read enough after it: a later one may
  int64_t marks = 0;        ///< keys that it saw, as often as it did
};

/// A record, as a sweep looks at it; tombstones count, so that a row of them is walked in bounded steps.
struct live_fact {
  std::string key;
  fact_order order;
  std::string payload; ///< only where it was asked for
  bool is_deleted = false;
};

/// Part of the marks of a full pass.
struct pass_marks {
  int64_t last = 0; ///< where to go on; 0 = that was all
  std::vector<uint64_t> keys;
};

/// What was read of one stream in one run.
struct stream_tally {
  int64_t records = 0; ///< dead ones included
  int64_t dead = 0;
};

/// The interval that feedback has arrived at. It counts as long as the schedule itself says `every`.
struct run_pace {
  std::chrono::milliseconds every{};
  std::chrono::milliseconds interval{};
  friend bool operator==(const run_pace&, const run_pace&) = default;
};

struct open_run {
  run_id run;
  tenant_id tenant;
  connection_id connection;
  shard_id shard;
  run_kind kind = run_kind::scheduled;
  int32_t crash_resumes = 0; ///< the highest of its open continuations
};

/// An active connection that has, or may have, a live side.
struct live_connection {
  tenant_id tenant;
  connection_id connection;
  shard_id shard;
};

struct due_connection {
  connection_id connection;
  tenant_id tenant;
  shard_id shard;
  instant due{};
  run_kind kind = run_kind::scheduled;
};

} // namespace lode
