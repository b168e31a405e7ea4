#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/records.hpp"
#include "messages/runs.hpp"
#include "messages/storage.hpp"

/// What the store knows of live capture: who listens, what nobody heard, which keys are open to doubt. Instants are those of the nodes'
/// clocks: they say what a repair has to read. What it has repaired is decided by the order of transactions, never by a clock.
namespace lode {

/// One subscription of a connection, from when the API has confirmed it. `id` is random and new each time, so that words of an
/// earlier one that arrive late change nothing.
struct live_subscription {
  connection_id connection;
  shard_claim claim;
  int64_t id = 0;
};

/// All that the API sent to this subscription until then is committed: not merely received. Never later than the receipt of the
/// oldest event that is still on its way to the store.
struct health_proof {
  connection_id connection;
  int64_t subscription = 0; ///< live_subscription::id
  instant until{};
};

enum class gap_state : uint8_t {
  owed,       ///< no run repairs it
  repairing,  ///< its run is open
  closed,     ///< its run has finished
  unverified, ///< the same, but what was deleted in it is not known yet: after `repairing`, before `closed`
};

/// A span in which a connection was not listening. It is of all streams of the connection.
struct gap_row {
  int64_t id = 0;
  connection_id connection;
  /// Zero: from the beginning. Of a first gap when the latest complete run began, which read up to its settle time before its plan.
  instant from{};
  std::optional<instant> until; ///< none: it lasts
  std::string reason;
  run_id repair; ///< 0 = owed
  gap_state state = gap_state::owed;
  int32_t failures = 0;  ///< repairs that ended without repairing it
  bool is_first = false; ///< from before this edition of the connection was listened to
  /// Of a repair's end: no full pass that began since has swept these, so what was deleted in the gap may still be there.
  std::vector<stream_id> unswept{};
  friend bool operator==(const gap_row&, const gap_row&) = default;
};

/// All gaps of a connection that a repair may take now.
struct owed_repair {
  connection_id connection;
  tenant_id tenant;
  shard_id shard;
  slice_bounds span;    ///< their union, what is between them included; `from` zero: from the beginning
  int32_t failures = 0; ///< the most of them; for the caller's backoff
  int64_t gaps = 0;
  instant first_end{}; ///< of the gap that ended first: a run that reads no further repairs nothing
};

/// A key whose truth is open.
struct recheck_row {
  stream_id stream;
  std::string key;
  std::chrono::microseconds due_in{0}; ///< from now on, by the store's clock; negative: overdue
  fact_order asked;                    ///< the fact that raised the latest doubt
  int32_t attempts = 0;                ///< times that it was postponed
  std::string reason{};                ///< why it was postponed the last time
};

/// Live capture in the shards of one life of a node.
struct live_counts {
  int64_t listening = 0;
  int64_t silent = 0; ///< to listen, but not heard: a gap lasts, or a hand-over is under way
  int64_t owed = 0;   ///< gaps, lasting ones included
  int64_t repairing = 0;
  std::optional<instant> oldest; ///< where the first of those gaps begins, but what was before the first listener
  int64_t rechecks = 0;          ///< keys on the list
  int64_t unverified = 0;        ///< gaps whose deletes are not known yet
};

} // namespace lode
