#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "messages/gaps.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// A record that could not be used, as it is kept: one for each stream, key, text and reason, however often it was seen.
struct dead_letter_row {
  int64_t id = 0;
  connection_id connection;
  stream_id stream;
  run_id run; ///< that met it last
  instant first_seen{};
  instant last_seen{};
  int64_t times = 1; ///< runs that met it
  std::string key;
  std::string payload;
  std::string reason;
};

/// A connection that is not mined, and why.
struct stopped_connection {
  std::string tenant;
  std::string connection;
  activity state = activity::suspended;
  std::string reason;
};

/// Numbers by activity: [active, paused, suspended, deleting].
struct activity_counts {
  std::array<int64_t, 4> tenants{};
  std::array<int64_t, 4> connections{};
  int64_t stopped = 0; ///< connections that list_stopped() would list without a limit
};

/// What a life of a node owns, or nobody (0).
struct owned_share {
  incarnation owner;
  int64_t shards = 0;
  int64_t tenants = 0; ///< in those shards, without those that are being erased
};

/// What a partition is to be known up to from now on; absent: nothing, it is read from the start.
struct cursor_edit {
  stream_id stream;
  std::string partition;
  std::optional<instant> known_up_to;
  int64_t expected_version = 0; ///< partition_cursor::version; 0 = there is none yet
};

struct continuation_edit {
  continuation_id id;
  int64_t expected_version = 0;
  std::string state; ///< sealed
};

struct state_edit {
  connection_id connection;
  std::vector<cursor_edit> cursors;
  std::vector<continuation_edit> continuations;
};

/// A slice as a run opened it, and what became of it. A closed one with a reason ended early.
struct read_slice {
  run_id run;
  run_phase run_ended = run_phase::open;
  instant run_began{}; ///< the database's clock
  std::string partition;
  slice_bounds slice;
  continuation_phase phase = continuation_phase::open;
  std::string reason;
  int64_t dead = 0; ///< its records that could not be used
  run_kind kind = run_kind::scheduled;
  bool is_current = true; ///< begun since source and connection are what they are now
};

/// Dead letters of a stream that one run met last. They stay when the run's slices are no longer known.
struct died_records {
  run_id run; ///< 0: of none
  int64_t count = 0;
  instant last_seen{}; ///< the database's clock
};

/// A span of a partition that was read to its end.
struct read_span {
  std::string partition;
  slice_bounds span;
};

/// What the store knows of how completely a stream was read.
struct stream_reading {
  std::vector<read_span> closed;         ///< by partition and time
  std::vector<partition_anchor> anchors; ///< that still count
  /// Of the latest hundred runs, latest first, back to the one that read every slice of an undated stream to its end. Where no
  /// anchor tells of the stream, one slice stands for all of that run beside those that lost records.
  std::vector<read_slice> slices;
  bool is_cut = false; ///< there is more than is listed
  std::vector<died_records> died{}; ///< by run, latest first
  std::vector<gap_row> gaps{};      ///< of the connection: owed, under repair, or unverified as to this stream; oldest first
};

/// A gap that is not closed, with the names that people know.
struct open_gap {
  std::string tenant;
  std::string connection;
  gap_row gap;
};

/// How a connection is listened to.
struct listening_row {
  bool is_listening = false;   ///< else it is silent: a gap lasts, or a hand-over is under way
  instant since{};             ///< when the API confirmed the subscription; of a silent one, up to when it was heard
  instant healthy_until{};     ///< all that the API sent until then is committed
  std::string reason{};        ///< of a silent one
};

/// What people ask and correct beside the daily work; the console's view over all tenants. Used by one thread. Fails like catalog_store.
class admin_store {
public:
  virtual ~admin_store() = default;

  virtual caf::expected<activity_counts> count_activities() = 0;
  /// All shards and their tenants by owner; owners without a shard are not listed. One consistent reading.
  virtual caf::expected<std::vector<owned_share>> count_shares() = 0;
  /// Suspended and paused connections (also those of suspended or paused tenants): suspended first, then by name.
  virtual caf::expected<std::vector<stopped_connection>> list_stopped(size_t limit) = 0;
  /// Dead letters of a tenant with an id above `after`, in id order. One that is seen again keeps its id.
  virtual caf::expected<std::vector<dead_letter_row>> list_dead_letters(tenant_id tenant, int64_t after, size_t limit) = 0;

  /// Live capture in all shards.
  virtual caf::expected<live_counts> count_live() = 0;
  /// Gaps that are owed or under repair, oldest first; not of what is being erased.
  virtual caf::expected<std::vector<open_gap>> list_open_gaps(size_t limit) = 0;
  /// None: it was never listened to as it is now.
  virtual caf::expected<std::optional<listening_row>> load_listening(connection_id connection) = 0;
  /// Of the connection, with an id below `before` (0 = all), latest first.
  virtual caf::expected<std::vector<gap_row>> list_gaps(connection_id connection, int64_t before, size_t limit) = 0;
  /// Keys of the connection's streams on the recheck list, due or not, the most urgent first.
  virtual caf::expected<std::vector<recheck_row>> list_rechecks(connection_id connection, size_t limit) = 0;
  virtual caf::expected<int64_t> count_rechecks(connection_id connection) = 0;

  /// How completely a stream was read; at most `limit` rows of a kind. Streams of another connection have none.
  virtual caf::expected<stream_reading> load_reading(connection_id connection, stream_id stream, size_t limit) = 0;

  /// All or nothing; returns how many differ from what stood there. errc::stale_version when anything does not stand at
  /// its `expected_version` (naming all that does not), errc::not_found when a continuation is not open or a stream is
  /// not the connection's, errc::bad_argument when one thing is set twice. Pages in flight of what changes are refused:
  /// a cursor cancels the open continuations of its partition (their run may end as incomplete), a continuation goes on
  /// from its new state. What is set to what it is stays undisturbed. A cursor that is set forgets the partition's anchor, and
  /// so does one that is set to nothing where there is none.
  virtual caf::expected<int64_t> edit_state(const state_edit& edit) = 0;
};

} // namespace lode
