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

struct due_connection {
  connection_id connection;
  tenant_id tenant;
  shard_id shard;
  instant due{};
  run_kind kind = run_kind::scheduled;
};

} // namespace lode
