#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/streaming.hpp"
#include "runtime/storage/catalog_store.hpp"

namespace lode {

using sink_id = strong_id<struct sink_tag>;

/// A sink as people put it.
struct new_sink {
  std::string name;
  std::string kind;
  std::vector<std::string> streams; ///< SOURCE/STREAM, where * is anything; empty: all
  std::string sealed;               ///< its settings
  bool from_now = false;            ///< what is in the feed already is not delivered. Only when it is made
};

struct sink_row {
  sink_id id;
  int64_t version = 0; ///< grows when it is put again
  std::string name;
  std::string kind;
  std::vector<std::string> streams;
  std::string sealed;
  activity state = activity::active;
  std::string reason;
};

/// How it does, over all shards.
struct sink_standing {
  sink_row sink;
  int64_t changes_behind = 0; ///< positions of the feed; some may be filtered out, or erased
  int64_t shards_behind = 0;
  int64_t shards_failing = 0;
  int64_t delivered = 0;
  std::optional<instant> last_delivered{};
  std::optional<instant> failing_since{};
  std::string error{}; ///< of the latest failure that goes on; "": none does
};

/// How many more deliveries of a sink one may claim.
struct claim_order {
  sink_id sink;
  size_t places = 0;
};

/// The right to deliver the next changes of one shard to one sink: nobody else has it at the same time.
struct delivery_claim {
  sink_id sink;
  shard_id shard;
  int64_t claim = 0; ///< of the same sink and shard each one has another number
  int64_t position = 0;
  int64_t failures = 0; ///< in a row, before this one
};

/// At most `changes` of them, and no more bytes of records unless one alone is larger.
struct batch_limits {
  size_t changes = 500;
  size_t bytes = 4 << 20;
};

struct change_batch {
  int64_t generation = 0;                  ///< of the store
  int64_t upto = 0;                        ///< where the cursor stands once these are delivered
  std::vector<delivered_change> changes{}; ///< those that the sink wants; empty: it wants none of them
};

/// Changes of a sink that are not delivered, in shards that this life owns.
struct sink_backlog {
  sink_id sink;
  int64_t changes = 0;
};

/// Sinks, and how far each has got with the feed. Used by one thread; `self` is the life that claims. Fails like catalog_store.
class sink_store {
public:
  virtual ~sink_store() = default;

  // -- by people ---------------------------------------------------------------------------------------------------------

  /// True: it was made. One that is there gets these settings and keeps its cursors; unless it is paused it goes on at once.
  virtual caf::expected<bool> put_sink(const new_sink& sink) = 0;
  /// By name.
  virtual caf::expected<std::vector<sink_standing>> list_sinks() = 0;
  /// Nothing that is in delivery counts any more. The next three fail with errc::not_found.
  virtual caf::error remove_sink(const std::string& name) = 0;
  virtual caf::error pause_sink(const std::string& name) = 0;
  /// Of one that was paused or suspended. What failed is tried at once.
  virtual caf::error resume_sink(const std::string& name) = 0;

  // -- by who delivers ---------------------------------------------------------------------------------------------------

  /// Those that are active.
  virtual caf::expected<std::vector<sink_row>> active_sinks() = 0;
  /// Of shards that this life owns, whose feed goes on beyond the cursor and that do not wait after a failure. A claim is void at once
  /// when its holder is no living node, else after `hold` by the clock of the database.
  virtual caf::expected<std::vector<delivery_claim>> claim(const std::vector<claim_order>& orders,
                                                           std::chrono::microseconds hold) = 0;
  /// What comes next. Changes that are erased or that `streams` leaves out are passed over. errc::bad_source: the feed was trimmed beyond
  /// the cursor; the message says what to do.
  virtual caf::expected<change_batch> read_changes(const delivery_claim& claim, const std::vector<std::string>& streams,
                                                   const batch_limits& limits) = 0;
  /// All up to `upto` is safe at the target, `delivered` changes; the claim is over. The same again is answered the same. The shard may
  /// have gone to another node meanwhile: whoever owns it goes on behind `upto`. errc::stale_version: the claim is not this life's any
  /// more, or the feed lacks what was delivered; the cursor stands where it stood.
  virtual caf::error settle(const delivery_claim& claim, int64_t upto, int64_t delivered) = 0;
  /// None of it is. With an `error`, which holds no secret, nobody tries again before `wait` has passed, whoever owns the shard then: a
  /// target that fails does so from everywhere. What this node alone lacks is told without a wait.
  virtual caf::error release(const delivery_claim& claim, const std::string& error = {},
                             std::chrono::microseconds wait = {}) = 0;
  /// Whatever this life holds.
  virtual caf::error release_all() = 0;
  /// Until a person resumes it; unless it was put anew since `version`.
  virtual caf::error suspend_sink(sink_id sink, int64_t version, const std::string& reason) = 0;
  virtual caf::expected<std::vector<sink_backlog>> backlog() = 0;
};

/// Whether one of these, where * is anything, is SOURCE/STREAM; none of them leaves nothing out.
bool wants_stream(const std::vector<std::string>& streams, std::string_view source, std::string_view stream);

/// errc::bad_source: the feed begins at `trimmed` and the sink stands at `position`.
caf::error trimmed_beyond(shard_id shard, int64_t position, int64_t trimmed);

} // namespace lode
