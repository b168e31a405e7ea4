#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <vector>

#include "messages/cluster.hpp"
#include "messages/runs.hpp"
#include "messages/storage.hpp"

namespace lode {

/// A source begins later than what a partition is known up to: nobody will read what lies between.
struct cursor_skip {
  stream_id stream;
  std::string partition;
  instant from{}; ///< where the cursor stood when the slices were made; moved meanwhile, it stays
  instant to{};   ///< where reading begins
};

/// What run_store takes for the id of a command: 1 to 64 bytes of text, else errc::bad_argument.
caf::error check_command_id(const std::string& id);

/// The id under which something is asked for once: asked again within a day, nothing happens and the answer is that of the first
/// time. errc::conflict: the id was given for something else. Absent: nothing is remembered.
struct once_only {
  std::string id{}; ///< as check_command_id wants it
};

caf::error check_once(const once_only& once);

/// A stream of a run, as full passes see it.
struct pass_start {
  stream_id stream;
  std::vector<stream_id> needs; ///< streams of the run that must be read to their end: this one and its parents
  bool reads_all = false;       ///< the run reads it whole: its full pass begins with the run, unless one is under way
  /// What an edit moves may have been missed: it is gone only when the next run that reads the stream to its end, begun
  /// `settles` after the pass ended or later, did not see it either.
  bool is_patient = false;
  std::chrono::microseconds settles{0};
};

struct run_start {
  connection_id connection;
  shard_claim claim;
  run_kind kind = run_kind::scheduled;
  std::vector<new_continuation> first;
  std::vector<cursor_skip> skips;  ///< of partitions that `first` reads
  std::optional<instant> next_due; ///< written in the same transaction; absent: left as it is
  /// In the same transaction too: full passes that begin, and a sweep as one more open continuation of each stream whose
  /// pass is over at the end of this run.
  std::vector<pass_start> passes{};
  fact_order stamp{};         ///< logical time before the first request
  int64_t edition = 0;        ///< of the connection, as the run was planned
  std::string source_version{};
  /// Of a repair: it takes the connection's gaps that are owed, have ended and lie wholly within this span, which it was planned to
  /// repair; its slices may read more, for skew and settle time. A run of the other kinds but backfill takes what was before the first
  /// listener if that ended before `to`: not above the lowest upper end of its slices. Absent: takes none. Nothing is taken by a run
  /// that has nothing to read or was planned for another edition or version.
  std::optional<slice_bounds> repairs{};
  /// Streams of which deletes are heard, or found by full passes: in the gaps that the run takes they were not, and it does not see them
  /// either. They are not known until a pass that began with it or later has swept the stream.
  std::vector<stream_id> hears_deletes{};
};

struct started_run {
  run_id run;
  std::vector<continuation_id> opened;
};

/// What becomes of a request for a run: the same request again gets an answer, not a second run.
enum class request_answer : uint8_t {
  accepted,          ///< the run will start
  already_requested, ///< one of this kind was asked for before and has not begun
  already_open,      ///< one of this kind has begun and not ended
};

struct requested_run {
  request_answer answer = request_answer::accepted;
  run_id open; ///< the one that is open already
};

struct partition_cursor {
  stream_id stream;
  std::string partition;
  instant known_up_to{};
  int64_t version = 0; ///< new with each change, never used again
};

/// The anchor of a partition, and the run that left it.
struct partition_anchor {
  stream_id stream;
  std::string partition;
  slice_anchor anchor;
  run_id run;
};

/// Where a stream stands with being read from the beginning.
struct full_pass_row {
  stream_id stream;
  std::optional<instant> completed; ///< when the latest pass that read all of it began
  bool is_open = false;             ///< a later pass is under way
  /// Since the latest pass that read all, no run left anything unread of what the pass needs.
  bool is_sound = false;
  std::vector<stream_id> needs{}; ///< of the latest pass, see full_pass_start
};

struct full_pass_start {
  stream_id stream;
  std::vector<stream_id> needs; ///< streams of the run that must be read to their end: this one and its parents
};

struct run_summary {
  run_id run;
  tenant_id tenant;
  connection_id connection;
  run_kind kind = run_kind::scheduled;
  run_phase phase = run_phase::open;
  instant started{};
  std::optional<instant> ended;
  int64_t open = 0;   ///< open continuations
  int64_t failed = 0; ///< continuations whose interval stays owed
  page_counters counters;
  std::string reason;
};

/// The durable life of runs: starts, resumes, ends; and which commands to tenants were carried out. Each operation is one transaction under the
/// fence or raises versions first, so that pages in flight are refused. Used by one thread.
/// All fail with errc::store_unavailable while the database does not answer, errc::not_owner when the fence is lost.
class run_store {
public:
  virtual ~run_store() = default;

  /// Connections due up to `until` and those that a run was requested of, each once with its most urgent kind; most
  /// urgent kind first, then highest priority, then latest first; active ones only.
  virtual caf::expected<std::vector<due_connection>> load_due(instant until, size_t limit) = 0;
  /// Moves the due time (feedback, skip, missed runs); absent = not scheduled.
  virtual caf::error set_due(connection_id connection, std::optional<instant> due, run_kind kind) = 0;

  /// Asks for a run of this kind (not for a scheduled one) beside those that are due by themselves; what is due stays
  /// due. Durable when it returns: start_run() of that kind takes it away. errc::conflict: not active. `once`: see once_only.
  virtual caf::expected<requested_run> request_run(connection_id connection, run_kind kind, instant now, const once_only& once = {}) = 0;

  /// The open scheduled run of the connection is followed by another one: due as soon as it ends, however it ends. Moves
  /// the due time to `next_due` (absent: none) with it. Without such a run nothing changes: what is due stays due.
  virtual caf::error queue_run(connection_id connection, std::optional<instant> next_due) = 0;
  virtual caf::expected<std::optional<run_pace>> load_pace(connection_id connection) = 0;
  /// Keeps the interval that `run` moves the connection to, and moves the due time by `shift` unless it has come already
  /// or another run follows at once. The second time for one run, or after a later one, nothing changes.
  virtual caf::error set_pace(connection_id connection, run_id run, const run_pace& pace, std::chrono::microseconds shift,
                              instant now) = 0;

  /// Starts a run with its first continuations, and takes away the request for it. errc::conflict: this connection has an open run of this kind, or is not
  /// active. After errc::store_unavailable the run may have been started: ask again, a conflict says that it was.
  /// The slices of a scheduled, manual or full run set where the cursor of a partition begins, if it has none; skips move
  /// it to where they begin.
  virtual caf::expected<started_run> start_run(const run_start& start) = 0;
  /// Open runs of this node's shards, latest first; those of active connections and tenants only. Runs of a paused or
  /// suspended connection stay open: made active again, they are listed again and go on where they were.
  virtual caf::expected<std::vector<open_run>> load_open_runs() = 0;
  /// Active connections of these sources in these shards, whoever owns them; without shards: in this node's.
  virtual caf::expected<std::vector<live_connection>> load_active(const std::vector<source_id>& sources,
                                                                  const std::vector<shard_id>& shards) = 0;
  /// Open continuations of a run with an id above `after`, in id order.
  virtual caf::expected<std::vector<continuation_row>> load_continuations(run_id run, continuation_id after,
                                                                         size_t limit) = 0;
  /// One continuation as it stands now; errc::not_found when it is no longer open.
  virtual caf::expected<continuation_row> load_continuation(continuation_id id) = 0;
  /// The same for a miner that goes on from the store: its version is raised first, so that pages an earlier generation
  /// still has on their way are refused. Of this node's shards and of active connections and tenants only, else
  /// errc::not_found.
  virtual caf::expected<continuation_row> resume_continuation(continuation_id id) = 0;
  /// The page of this continuation (0: of none) is from now on in work on this node with nothing beside it: should the
  /// process die, the next claim of its shard blames it, unless a page of it was committed meanwhile. Replaces what was marked before.
  /// errc::not_found: it is not open on this node; nobody is marked then.
  virtual caf::error mark_alone(continuation_id id) = 0;
  virtual caf::expected<std::vector<partition_cursor>> load_cursors(connection_id connection) = 0;
  /// By stream and partition; of any edition and source version.
  virtual caf::expected<std::vector<partition_anchor>> load_anchors(connection_id connection) = 0;
  /// Ends a run early: versions of its open continuations are raised first.
  virtual caf::error cancel_run(run_id run, const std::string& reason, const once_only& once = {}) = 0;
  virtual caf::expected<stream_tally> load_tally(run_id run, stream_id stream) = 0;
  /// A record of the connection that could not be used; errc::not_found when it is not on the list.
  virtual caf::expected<dead_letter> load_dead_letter(connection_id connection, int64_t id) = 0;
  /// Off the list; nothing happens when it is off already.
  virtual caf::error remove_dead_letter(connection_id connection, int64_t id) = 0;
  /// Fails the open continuations of a stream in a run, so that pages in flight are refused and their intervals stay owed;
  /// the run ends incomplete with the reason, also when it has ended meanwhile.
  virtual caf::error stop_stream(run_id run, stream_id stream, const std::string& reason) = 0;
  /// Streams of the connection that ever began a full pass and were not chosen anew since. A pass is complete when its run
  /// has ended and read all that it needs to the end; one that did not is forgotten.
  virtual caf::expected<std::vector<full_pass_row>> load_full_passes(connection_id connection) = 0;
  /// The run reads these streams from the beginning; `began` is when it started, on the node's clock.
  virtual caf::error begin_full_passes(run_id run, instant began, const std::vector<full_pass_start>& passes) = 0;

  /// The full pass that the sweep of this stream at the end of this run is about. Its run is whatever opened the sweep.
  virtual caf::expected<pass_standing> load_pass(run_id run, stream_id stream) = 0;
  /// Marks of a pass after `after` (0: from the first one), some thousand at most.
  virtual caf::expected<pass_marks> load_marks(stream_id stream, run_id pass, int64_t after) = 0;
  /// Live records of a stream in the order of their keys after `after`, some thousand at most; none: that was all.
  virtual caf::expected<std::vector<live_fact>> load_live(shard_id shard, stream_id stream, const std::string& after,
                                                          bool with_payload) = 0;
  /// A person says that these streams' next sweeps may delete more than the brake lets pass. errc::not_found: the
  /// connection has no such stream; then nothing is confirmed.
  virtual caf::error confirm_deletes(connection_id connection, const std::vector<std::string>& streams, const once_only& once = {}) = 0;
  /// Whether something was done under this id in the last day.
  virtual caf::expected<bool> was_done(const once_only& once) = 0;

  /// Says durably that a request with this token is about to be sent, and returns how many were begun with it before whose
  /// outcome nobody knows: 0 or 1. Under the fence, so that a zombie does not use the token too. errc::unauthorized: two
  /// outcomes are unknown, it must not be used again; errc::stale_version: the connection has other secrets by now.
  virtual caf::expected<int64_t> begin_refresh(const refresh_token& token) = 0;
  /// The request that was begun last is known not to have used up the token.
  virtual caf::error forget_refresh(const refresh_token& token) = 0;
  /// Puts secrets with the token's successor in the place of those that the refresh was begun with; nothing is begun then.
  /// errc::stale_version: those were replaced by others meanwhile, which stay.
  virtual caf::error store_successor(const refresh_token& token, const std::string& sealed_secrets) = 0;

  /// Takes a command to a tenant in hand, under the fence of its shard. Under one id (1 to 64 bytes of text) `is_new` is said once,
  /// so whoever hears it may carry it out. After errc::store_unavailable nobody may: it may stand as taken. Kept for a day.
  /// errc::not_found: no such tenant in this shard; errc::conflict: the id is of another tenant's command.
  virtual caf::expected<command_standing> take_command(const std::string& id, tenant_id tenant, const shard_claim& claim) = 0;
  /// Says what became of a command: the owner of the shard, or whoever took it under this claim, also when the shard has left it
  /// since. The first outcome stays: the same again is no error, another one is errc::conflict. errc::not_found: nobody has taken it.
  virtual caf::error settle_command(const std::string& id, tenant_id tenant, const shard_claim& claim, command_outcome outcome,
                                    const std::string& reason) = 0;
  /// Gives back what was taken under this claim and was not carried out, also when the shard has left since: whoever asks next
  /// takes it anew. Nothing happens to a command that is settled, that was taken under another claim, or that nobody has taken.
  virtual caf::error untake_command(const std::string& id, tenant_id tenant, const shard_claim& claim) = 0;

  virtual caf::expected<run_summary> load_run(run_id run) = 0;
  virtual caf::expected<std::vector<run_summary>> list_runs(connection_id connection, size_t limit) = 0;
};

} // namespace lode
