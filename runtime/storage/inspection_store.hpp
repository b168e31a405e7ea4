#pragma once

#include <caf/expected.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/storage/admin_store.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

/// "quota", as answers say it.
std::string_view name_of(wait_reason reason);
std::optional<wait_reason> wait_reason_of(std::string_view name);

/// Longer than this after it was due a connection counts as queued.
inline constexpr std::chrono::seconds queue_grace{5};

/// Where a connection stands, or (`connection` 0) a tenant without one.
struct standing_row {
  tenant_id tenant;
  std::string tenant_name;
  shard_id shard;
  std::string node{}; ///< that has it; "": none
  connection_id connection;
  std::string connection_name{};
  std::string source{};
  activity state = activity::active; ///< the graver one of its tenant's and its own
  bool is_held_by_tenant = false;    ///< the state is its tenant's
  wait_reason reason = wait_reason::none;
  std::optional<instant> since{};
  std::optional<instant> until{};
  std::string detail{};
  std::optional<instant> due{}; ///< of its next run
  std::optional<instant> last_commit{};
  double records_per_second = 0;
};

/// worst: the graver reason first, of one reason what lasts longest; lateness: what is due longest; rate: the quickest first.
enum class standing_sort : uint8_t { worst, name, lateness, rate };

struct standing_filter {
  std::string search{}; ///< within the tenant's name
  std::optional<activity> state{};
  std::optional<wait_reason> reason{};
  std::string source{};
  std::optional<std::chrono::seconds> late{}; ///< due for so long at least
  standing_sort sort = standing_sort::worst;
  std::string after{}; ///< standing_page::next
};

struct standing_page {
  std::vector<standing_row> rows;
  std::string next{};             ///< "": that was the last one
  std::optional<int64_t> total{}; ///< of all pages, where that is cheap to know
};

/// Connections of a source that wait for the same.
struct problem_group {
  wait_reason reason = wait_reason::none;
  std::string source;
  int64_t connections = 0;
  instant since{};                    ///< of the one that waits longest
  std::vector<standing_row> examples; ///< those that wait longest, at most five
};

/// A stream whose deletes the brake holds until a person confirms them.
struct held_deletes {
  std::string tenant;
  std::string connection;
  std::string stream;
  std::string source;
  instant since{};
  std::string reason;
};

struct store_overview {
  std::array<int64_t, 4> tenants{};             ///< by activity
  std::map<wait_reason, int64_t> waiting;       ///< connections
  std::vector<problem_group> groups;            ///< at most fifty
  std::vector<held_deletes> deletes;            ///< at most fifty
  std::vector<problem_group> dead_letters;      ///< by source: connections that met some in the last ten minutes
  std::chrono::microseconds lateness{0};        ///< 95 % of what is due is so for less
  int64_t open_continuations = 0;
  int64_t shards_without_node = 0;
};

/// With the names that people know.
struct listed_run {
  run_summary run;
  std::string tenant;
  std::string connection;
  activity state = activity::active; ///< of the connection, now
  std::string reason{};              ///< of that state
};
struct run_filter {
  std::optional<run_phase> phase{};
  std::optional<run_kind> kind{};
  std::string tenant{}; ///< within its name
  int64_t after = 0;    ///< only those before this run; 0: all
};

struct listed_letter {
  dead_letter_row letter;
  tenant_id tenant_number;
  std::string tenant;
  std::string connection;
  std::string stream;
};

/// Shards that came to a node, or left it, in one transaction.
struct shard_move {
  instant at{};
  std::string from; ///< "": nobody had them
  std::string to;   ///< "": nobody has them yet
  int64_t shards = 0;
  std::string because;
};

/// What somebody changed, or tried to.
struct audit_entry {
  int64_t id = 0;
  instant at{};
  std::string node;
  std::string who; ///< "token" or "loopback"
  std::string method;
  std::string path;
  std::string tenant;     ///< "": of none
  std::string connection; ///< the same
  int status = 0; ///< of the answer; 0: not known, as the node is at it or ended over it
};

/// What is known of a stream's progress.
struct stream_progress {
  stream_id stream;
  std::string name;
  int64_t partitions = 0;
  int64_t partitions_open = 0;        ///< that an open run still reads
  std::optional<instant> known_up_to{}; ///< of the partition that is furthest behind
  int64_t records = 0;                ///< an estimate where there are many
  int64_t read = 0;                   ///< by the latest hundred runs
  int64_t changed = 0;                ///< of them
  int64_t owed = 0;                   ///< intervals that a run could not read
  std::optional<double> done_share{}; ///< of what is open; none: no run is
};

/// A span of the past that is to be read again.
struct backfill_order {
  slice_bounds span;
  std::vector<stream_id> streams{}; ///< none: all that have dates
};

/// What people look at over all tenants, quick also where there are very many. Used by one thread. Fails like catalog_store.
class inspection_store {
public:
  virtual ~inspection_store() = default;

  /// errc::bad_argument: `after` is of another order.
  virtual caf::expected<standing_page> list_standings(const standing_filter& filter, size_t limit, instant now) = 0;
  /// Of a tenant's connections, by name.
  virtual caf::expected<std::vector<standing_row>> standings_of(tenant_id tenant, instant now) = 0;
  virtual caf::expected<store_overview> overview(instant now) = 0;
  /// Latest first.
  virtual caf::expected<std::vector<listed_run>> list_runs(const run_filter& filter, size_t limit) = 0;
  /// With an id above `after`, in id order.
  virtual caf::expected<std::vector<listed_letter>> list_dead_letters(int64_t after, size_t limit) = 0;
  /// errc::not_found: it is not there.
  virtual caf::expected<listed_letter> load_dead_letter(int64_t id) = 0;
  /// The latest fifty, latest first.
  virtual caf::expected<std::vector<shard_move>> list_moves() = 0;
  /// Of a connection, latest first.
  virtual caf::expected<std::vector<call_error>> list_call_errors(connection_id connection, size_t limit) = 0;
  virtual caf::expected<std::vector<stream_progress>> list_progress(connection_id connection) = 0;
  /// Of a connection: its streams whose deletes are held.
  virtual caf::expected<std::vector<std::string>> unconfirmed_deletes(connection_id connection) = 0;
  /// Cancels the connection's open runs that read any of these streams, and forgets all that their partitions are known up to: the
  /// next run reads them from the start. Returns the runs. As admin_store::edit_state, pages in flight are refused.
  virtual caf::expected<std::vector<run_id>> reset(connection_id connection, const std::vector<stream_id>& streams,
                                                   const std::string& reason, const once_only& once) = 0;
  /// As run_store::request_run, for a backfill that reads this span and no more. errc::conflict also: one of another span was asked for
  /// and has not begun.
  virtual caf::expected<requested_run> request_backfill(connection_id connection, const backfill_order& order, instant now, const once_only& once) = 0;
  /// What the backfill that is requested of the connection is to read; nothing: whatever a backfill reads.
  virtual caf::expected<std::optional<backfill_order>> load_backfill(connection_id connection) = 0;

  /// Returns its id.
  virtual caf::expected<int64_t> add_audit(const audit_entry& entry) = 0;
  /// What came of it; of one that has a status nothing changes any more.
  virtual caf::error settle_audit(int64_t id, int status) = 0;
  /// Latest first; those before `after` (0: all); of a tenant ("": of all).
  virtual caf::expected<std::vector<audit_entry>> list_audit(const std::string& tenant, int64_t after, size_t limit) = 0;
};

} // namespace lode
