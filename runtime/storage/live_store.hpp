#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "messages/gaps.hpp"

namespace lode {

/// The API has confirmed a subscription: what it sends from `now` on is heard.
struct listening_start {
  live_subscription subscription;
  int64_t edition = 0; ///< of the connection, as the listener was set up
  instant now{};
  /// That webhooks for this connection name, "" where the source tells connections by their secrets alone; nothing: it has no webhook.
  std::optional<std::string> account{};
};

/// A connection whose losses cannot be seen: `every` so often all that came since the latest sweep is owed a repair.
struct sweep_order {
  connection_id connection;
  std::chrono::microseconds every{0};
  instant until{}; ///< what came later is not there to be read yet
};
struct swept_listener {
  connection_id connection;
  instant until{};
};

/// The durable side of live capture: the gap ledger, the proofs of health, the recheck list (which page commits fill and empty). Each
/// operation that writes is one transaction under the fence of its shard. Used by one thread.
/// All fail with errc::store_unavailable while the database does not answer, then what was asked may have been done: asked again, it
/// is not done twice; errc::not_owner when the fence is lost; errc::not_found for what is not there or is being erased.
class live_store {
public:
  virtual ~live_store() = default;

  /// The connection is listened to from now on. A gap that lasts ends. One is added first:
  /// - if nobody listened to this edition of the connection before: back to what the latest complete run of it knew, else to the
  ///   beginning;
  /// - if the former listener ended without a word: from its last proof of health;
  /// - if it was handed over, but not to this subscription.
  /// Returns the gaps that are owed, oldest first, at most `most_gaps`. Again for the same subscription: nothing is added.
  /// errc::conflict: not active; errc::stale_version: the connection has another edition.
  virtual caf::expected<std::vector<gap_row>> begin_listening(const listening_start& start) = 0;
  /// Nothing is heard since `since`: a gap lasts from there, or from the last proof of health if that is earlier, since what was
  /// received after it need not be committed. A word of an earlier subscription changes nothing.
  virtual caf::error end_listening(const live_subscription& subscription, instant since, const std::string& reason) = 0;
  /// A planned end: all that was received until then is committed. `successor` is the id of a subscription that had been confirmed
  /// before and keeps what it hears: if it is the one that begins next, there is no gap. If another one does, or none was confirmed
  /// (0), there is one from `until`.
  virtual caf::error hand_over_listening(const live_subscription& subscription, int64_t successor, instant until) = 0;
  /// In one statement, for those that are due and listen, in shards of this life; the first sweep begins with the listener of this edition
  /// of the connection. As long as an earlier sweep is owed or under repair none is added; the next one covers more. Returns up to when
  /// each is swept.
  virtual caf::expected<std::vector<swept_listener>> sweep(std::span<const sweep_order> orders) = 0;
  /// In one statement. Only proofs of subscriptions that listen, in shards that this life owns, count; returns how many.
  virtual caf::expected<int64_t> prove_health(std::span<const health_proof> proofs) = 0;

  /// Latest first.
  virtual caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, size_t limit) = 0;
  /// Active connections in this life's shards with gaps that a repair may take and no open repair, oldest gap first. What was
  /// before the first listener waits while a run that reads everything is open or due (`now`): it may take it.
  virtual caf::expected<std::vector<owed_repair>> owed_repairs(instant now, size_t limit) = 0;
  /// What a repair of this connection would have to read now, whatever else is open; for its plan (run_start::repairs). None: nothing.
  virtual caf::expected<std::optional<owed_repair>> owed_repair_of(connection_id connection) = 0;
  virtual caf::expected<live_counts> count_live() = 0;

  /// Active connections in this life's shards that have keys due, those with the oldest first.
  virtual caf::expected<std::vector<connection_id>> connections_to_recheck(size_t limit) = 0;
  /// Keys of chosen streams that are due within this time, the most urgent first.
  virtual caf::expected<std::vector<recheck_row>> load_rechecks(connection_id connection, std::chrono::microseconds within,
                                                                size_t limit) = 0;
  /// They could not be fetched, for this reason: due again `by` from now. One about which a later doubt was raised since it was loaded
  /// stays as it is.
  virtual caf::error postpone_rechecks(connection_id connection, const shard_claim& claim, std::span<const recheck_row> rows,
                                       std::chrono::microseconds by, const std::string& reason) = 0;
};

/// Of gaps that sweep() adds.
inline constexpr const char* sweep_reason = "webhooks may be lost without notice (sweep)";
/// So many gaps are returned at once by begin_listening.
inline constexpr size_t most_gaps = 1'000;

} // namespace lode
