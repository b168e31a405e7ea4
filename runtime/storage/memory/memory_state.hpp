#pragma once

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/storage/memory/memory_database.hpp"

namespace lode {

/// The rows, as the tables of the real store. Callers hold `mutex`.
struct memory_database::state {
  struct shard_row {
    incarnation owner;
    shard_epoch epoch;
    int64_t feed_seq = 0;
    int64_t feed_trimmed = 0;
  };
  struct writer_row {
    int64_t last_group = 0;
  };
  struct connection_entry {
    connection_row row; ///< without streams
    std::optional<instant> edition_began; ///< none: as it was made
  };
  struct stream_entry {
    stream_row row;
    connection_id connection;
    tenant_id tenant;
    shard_id shard;
    bool is_chosen = true;
    int64_t cache_tag = 0;
    bool may_delete = false; ///< the next sweep, more than the brake lets pass
  };
  struct due_row {
    instant due{};
    run_kind kind = run_kind::scheduled;
  };
  struct refresh_row {
    std::string token_hash;
    int64_t begun = 0;
  };
  struct cursor_row {
    instant known_up_to{};
    int64_t version = 0;
  };
  struct run_row {
    run_summary summary;
    shard_id shard;
    int64_t edition = 0; ///< of the connection, as it was planned
    bool is_followed = false; ///< another one is due when it ends
  };
  struct pace_row {
    run_id run; ///< that moved it last
    run_pace pace;
  };
  struct full_pass_entry {
    std::optional<instant> completed;
    run_id run; ///< of the pass that has begun since
    instant began{};
    std::vector<stream_id> needs;
    run_id sound_up_to; ///< no run from the latest complete pass to this one left unread what it needs; 0 = not known
  };
  /// The full pass of a stream whose sweep is still to come.
  struct sweep_entry {
    run_id pass;
    fact_order began;
    int64_t edition = 0;
    std::string source_version;
    std::vector<stream_id> needs;
    bool is_patient = false;
  };
  struct continuation_entry {
    continuation_row row;
    continuation_phase phase = continuation_phase::open;
    page_counters counters;
    std::string reason;
  };
  struct record_row {
    std::string payload;
    content_hash hash;
    fact_order order;
    bool deleted = false;
    int64_t form = 0;
  };
  struct dead_row {
    stream_id stream;
    connection_id connection;
    run_id run; ///< that met it last
    dead_record record;
    instant first_seen{};
    instant last_seen{};
    int64_t times = 1; ///< runs that met it
  };
  /// A life of a node.
  struct node_entry {
    node_row row;
    int64_t life = 0; ///< of two, the later one has the larger
    int64_t flaps = 0;
    bool has_left = false;
    instant ended{};
    continuation_id alone; ///< whose page it has in work with nothing beside it
  };
  struct command_row {
    tenant_id tenant;
    shard_epoch epoch; ///< when it was taken
    instant taken{};
    std::optional<command_outcome> outcome;
    std::string reason;
    std::string what{};                  ///< of a request to the API
    std::optional<requested_run> said{}; ///< what it was answered
  };
  enum class listener_state : uint8_t { listening, silent, handed_over };
  struct listener_row {
    live_subscription subscription;
    int64_t edition = 0;
    instant healthy_until{};
    listener_state standing = listener_state::listening;
    int64_t successor = 0; ///< of what was handed over
    source_id source{};    ///< of the connection when it began
    std::optional<std::string> account{};
    instant swept_until{};
    int64_t sweep_gap = 0; ///< 0 = none
    instant since{};       ///< when the API confirmed
  };
  struct gap_entry {
    gap_row row; ///< its state follows from its run
    int64_t edition = 0; ///< as the repair was planned
    std::string source_version;
  };
  struct recheck_entry {
    instant due{};
    fact_order asked;
    int32_t attempts = 0;
    std::string reason{};
  };
  struct standing_entry {
    incarnation teller;
    told_standing standing;
  };
  struct sink_cursor_row {
    int64_t position = 0;
    incarnation holder;
    int64_t claim = 0;
    instant held_until{};
    int64_t delivered = 0;
    std::optional<instant> delivered_at;
    int64_t failures = 0;
    std::optional<instant> failing_since;
    std::optional<instant> retry_at;
    std::string error;
  };
  struct sink_entry {
    sink_row row;
    std::map<shard_id, sink_cursor_row> cursors;
  };
  using partition_key = std::pair<stream_id, std::string>;

  std::mutex mutex;
  int64_t generation = 20221;
  std::string doubt;
  std::map<incarnation, int> sessions; ///< page and run stores of a life that exist now
  int64_t view = 1;
  int64_t lives = 0;
  std::map<incarnation, node_entry> nodes;
  std::map<std::string, command_row> commands;
  std::map<shard_id, shard_row> shards;
  std::map<std::pair<incarnation, int64_t>, writer_row> writers;
  std::map<tenant_id, tenant_row> tenants;
  std::map<source_id, source_row> sources;
  std::map<source_id, instant> version_began; ///< of those that were another one before
  std::map<connection_id, connection_entry> connections;
  std::map<stream_id, stream_entry> streams;
  std::map<connection_id, due_row> due;
  std::map<std::pair<connection_id, run_kind>, instant> requested;
  std::map<connection_id, refresh_row> refreshes;
  std::map<run_id, run_row> runs;
  std::map<continuation_id, continuation_entry> continuations;
  std::map<connection_id, pace_row> paces;
  std::map<stream_id, full_pass_entry> full_passes;
  std::map<stream_id, sweep_entry> sweeps;
  std::map<std::pair<stream_id, run_id>, std::vector<std::vector<uint64_t>>> marks; ///< of a pass, one list per page
  std::map<partition_key, std::map<instant, instant>> intervals;
  std::map<partition_key, cursor_row> cursors;
  std::map<partition_key, partition_anchor> anchors;
  int64_t cursor_versions = 0;
  std::map<stream_id, std::map<std::string, record_row>> records;
  std::map<shard_id, std::vector<feed_entry>> feed;
  std::vector<dead_row> dead;
  std::map<connection_id, listener_row> listeners;
  std::map<int64_t, gap_entry> gaps;
  std::map<std::pair<stream_id, std::string>, recheck_entry> rechecks;
  std::map<connection_id, standing_entry> standings;
  std::map<connection_id, std::deque<call_error>> call_errors;
  std::map<sink_id, sink_entry> sinks;
  int64_t last_sink = 0;
  std::array<int64_t, 7> next_id{1, 1, 1, 1, 1, 1, 1}; ///< tenant, source, connection, stream, run, continuation, gap
  int64_t ticks = 0;
  int64_t commits = 0;

  std::function<instant()> sink_clock; ///< none: time is counted

  std::deque<memory_fault> faults;
  std::function<bool(const record_change&)> is_poison;

  /// Whether this injected fault comes first; takes it.
  bool fails_with(memory_fault fault);
  bool is_unavailable() { return fails_with(memory_fault::unavailable); }
  instant now() { return instant{std::chrono::seconds{++ticks}}; }
  instant latest() const { return instant{std::chrono::seconds{ticks}}; } ///< what now() said last
  int64_t take_id(size_t kind) { return next_id[kind]++; }

  /// Lives with sessions, for people; "" = none.
  std::string alive() const;
  bool is_alive(incarnation life) const; ///< not gone
  /// Makes `self` the owner of those of `wanted` that nobody or a life that is gone owns, with what membership_store::claim() says of
  /// crashes and empty runs.
  void take_shards(incarnation self, const std::vector<shard_id>& wanted);
  bool is_active(connection_id connection) const;
  const run_summary* open_run(connection_id connection, run_kind kind) const;
  void raise_versions(connection_id connection, const std::string* cancel_reason);
  void forget_deaths(connection_id connection);
  /// A new edition of the connection; `is_anew`: its open slices begin again.
  void begin_edition(connection_row& connection, bool is_anew);
  void count_crash(shard_id shard, continuation_id alone);
  void close_empty_runs(shard_id shard);
  /// Ends the run when none of its continuations is open; `step` is added to the open ones first.
  bool count_open(run_id run, int64_t step, int64_t failed, const std::string& reason);
  void end_run(run_row& run, run_phase phase);
  /// Whether the run has ever opened this slice of this partition.
  bool has_opened(run_id run, const new_continuation& wanted) const;
  /// Opens what was not opened before; the ids of what it opened.
  std::vector<continuation_id> open_continuations(run_id run, const std::vector<new_continuation>& wanted);
  /// Sets or (absent) forgets a cursor; open continuations of its partition are cancelled.
  void set_cursor(const partition_key& at, std::optional<instant> known_up_to);
  /// Keeps a record that the page could not use, once however often it is seen.
  void bury(const page_commit& page, const dead_record& record);
  void close_interval(stream_id stream, const std::string& partition, slice_bounds slice);
  /// Of a page; an anchor that a later run left stays.
  void move_anchor(const page_commit& page);
  /// With the pass that its pages leave marks for.
  continuation_row shown(continuation_row row) const;
  /// Why the run did not read all of these streams; empty: it did.
  std::string reading_gap(run_id run, const std::vector<stream_id>& needs) const;
  /// Begins the passes of a run that has just begun and opens its sweeps.
  void open_sweeps(run_id run, const run_start& start);
  bool opens_sweep(run_id run, const run_start& start, const pass_start& pass);
  /// A sweep that has ended, or that failed, was the last word on its pass.
  void end_sweep(const continuation_entry& sweep);

  /// When the latest run began that read everything of the connection as it is now.
  std::optional<instant> known_until(connection_id connection) const;
  gap_row shown(const gap_entry& gap) const;
  live_counts count_live(std::optional<incarnation> owner) const; ///< of its shards, or of all
  /// Who began under an earlier claim of the shard has gone without a word.
  bool is_listening(const listener_row& row) const {
    return row.standing == listener_state::listening && shards.at(row.subscription.claim.shard).epoch == row.subscription.claim.epoch;
  }
  bool has_read(connection_id connection, run_id before) const;
  int64_t add_gap(gap_row row) {
    const auto id = row.id = take_id(6);
    gaps[id].row = std::move(row);
    return id;
  }
  /// Notes what a run that has just begun is of, and gives it the gaps that it repairs.
  void plan_repair(run_id run, const run_start& start);
  /// Of a run that has ended: what it did not repair is owed again.
  void return_gaps(const run_summary& run);
  instant sink_time() { return sink_clock ? sink_clock() : now(); }
  /// What a page says of the recheck list.
  void note_rechecks(const page_commit& page);
};

/// A session of a life's store, as the real one sees them.
class memory_session {
public:
  memory_session(std::shared_ptr<memory_database::state> db, incarnation self) : db_(std::move(db)), self_(self) {
    std::lock_guard lock{db_->mutex};
    ++db_->sessions[self_];
  }
  ~memory_session() {
    std::lock_guard lock{db_->mutex};
    --db_->sessions[self_];
  }
  memory_session(const memory_session&) = delete;
  memory_session& operator=(const memory_session&) = delete;

private:
  std::shared_ptr<memory_database::state> db_;
  incarnation self_;
};

/// A raised version is far beyond those of all pages fetched ahead.
inline constexpr int64_t version_jump = 1 << 20;

} // namespace lode
