#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/ids.hpp"
#include "messages/records.hpp"

/// What the writer hands to the store and what comes back.
namespace lode {

/// Microseconds since the epoch, UTC. Facts of an API, never of a clock that decides order.
using instant = std::chrono::sys_time<std::chrono::microseconds>;

/// A half-open span [from, to) of the cursor field that one slice covers: `to` of one slice is `from` of the next, else
/// they do not adjoin and the cursor stops between them. Both zero: the stream is not sliced.
struct slice_bounds {
  instant from{};
  instant to{};
  friend bool operator==(const slice_bounds&, const slice_bounds&) = default;
  bool is_whole() const noexcept { return from == instant{} && to == instant{}; }
};

/// Down to where a run need not read in a partition that its API shows newest first: position of the newest record that the
/// latest complete run over it saw at its top. Everything up to there is known.
struct slice_anchor {
  int64_t position = 0;       ///< of the ordering field, microseconds
  instant known_until{};      ///< by the API's clock, less the settle time, when the top was read: all until then is there
  int64_t edition = 0;        ///< of the connection; under another one it says nothing
  std::string source_version; ///< the same of its source
  friend bool operator==(const slice_anchor&, const slice_anchor&) = default;
};

/// Begins the reason of a slice whose rows kept shifting while it was read.
inline constexpr std::string_view shifting_reason = "rows kept shifting";

enum class continuation_phase : uint8_t {
  open,      ///< there is more to fetch
  closed,    ///< read to its end
  failed,    ///< a page could not be had: the interval stays owed
  cancelled, ///< by a person, a reset or a newer manifest
};

/// A continuation that a page or a run start causes. Written in the same transaction as its cause.
struct new_continuation {
  stream_id stream;
  std::string partition; ///< JSON text of the partition's values, "" for the only one
  slice_bounds slice;
  std::string state;     ///< sealed wire::continuation_state
};

/// How a committed page moves its continuation: version `expected` becomes `expected + 1`.
struct continuation_move {
  continuation_id id;
  run_id run;
  int64_t expected_version = 0;
  continuation_phase phase = continuation_phase::open;
  std::string state;  ///< sealed wire::continuation_state of the next page
  std::string reason; ///< why it failed, was cancelled, or was closed without reading it to its end
};

enum class change_kind : uint8_t {
  inserted,  ///< the key was not there, or was deleted
  updated,   ///< the content differs from the latest
  deleted,
  /// Same content, newer order: no feed entry. With a hash of zero of what is deleted, and stays so, or was never seen.
  reordered,
  reformed,  ///< same content, hashed in another form: only hash and form change, no feed entry
};

/// What a record becomes once it was compared with the latest fact of its key.
struct record_change {
  change_kind kind = change_kind::inserted;
  std::string key;
  std::string payload; ///< the whole text, whatever the kind; "" when deleted or reformed
  content_hash hash;   ///< all zero when deleted
  fact_order order;
  /// The store holds nothing under this key, not even a tombstone: its row need not be looked for. A writer that is wrong
  /// loses time, no more.
  bool is_first = false;
};

struct page_counters {
  int64_t pages = 0;
  int64_t records = 0;
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t refused_older = 0;
  int64_t dead = 0;
  int64_t bytes = 0;
  int64_t deleted = 0;
};

/// A key whose truth is open from this commit on: it is to be fetched again.
struct raised_doubt {
  std::string key;
  std::chrono::microseconds due_in{0}; ///< from the commit on, by the store's clock
  fact_order asked;                    ///< the fact that raised it
};

/// A key that this commit settles: it was fetched after the doubt that `asked` names. A later doubt stays.
struct settled_doubt {
  std::string key;
  fact_order asked; ///< recheck_row::asked, as it was loaded before the fetch
};

/// Stands in a page's marks for a record that is there and whose key nobody could read.
inline constexpr uint64_t unreadable_mark = 0;

/// One page as it is committed: records, feed entries, dead letters, the continuation's move and all continuations
/// that the page causes are one transaction under the fence of its shard.
struct page_commit {
  tenant_id tenant;
  connection_id connection;
  stream_id stream;
  shard_id shard;
  shard_epoch epoch;
  std::string partition;
  continuation_move move;
  std::vector<new_continuation> opens;
  /// The cursor's interval that this page completes; meaningful when `completes_slice`.
  slice_bounds completed;
  bool completes_slice = false;
  /// Random, new with each commit: becomes the stream's tag when `changes` is not empty. With the tag a cache proves that it
  /// saw the latest of them.
  int64_t cache_tag = 0;
  /// In order; a key may occur more than once, but only once as reformed, and then first.
  std::vector<record_change> changes;
  std::vector<dead_record> dead;
  page_counters counters;
  int64_t form = 0; ///< of the hashes in `changes`, see record_form
  /// The full pass that this page belongs to (0 = none) and the key half of the fact_print of each record that it saw.
  run_id pass{};
  std::vector<uint64_t> marks{};
  /// With the page that closes a newest-first slice: becomes the anchor of its partition, unless one of a later run stands there.
  std::optional<slice_anchor> anchor{};
  /// For the recheck list. What a commit settles goes first, so a key that it raises a doubt about anew stays on the list. Of two
  /// doubts about a key the one with the later logical time (epoch, counter) counts, and its due time if that is the later one.
  std::vector<raised_doubt> rechecks{};
  std::vector<settled_doubt> rechecked{};
};

enum class commit_status : uint8_t {
  committed,
  refused_version, ///< the continuation moved, ended or was bumped meanwhile; `version` says where it stands
  refused_fence,   ///< the shard has another owner or epoch
  data_error,      ///< the database refuses a value in this group: split it
  again,           ///< nothing of this page was written because another one of the group was refused
  unknown,         ///< the connection broke with the outcome open: settle() before anything else
  unavailable,     ///< the database cannot commit at the moment; nothing was written: the same group again later
  timed_out,       ///< the database commits, but not this within its time; nothing was written: split the group
};

struct page_outcome {
  commit_status status = commit_status::again;
  int64_t version = 0;                  ///< of the continuation now; 0 when unknown
  std::vector<continuation_id> opened;  ///< ids of `opens`, in order, without those that the run has opened before
  bool run_ended = false;               ///< this page closed the run's last open continuation
  std::string message;                  ///< for people: what the database said
  /// Keys of `changes` that the database refused: dead-lettered, the store holds what it held before.
  std::vector<std::string> dead_lettered;
};

/// A stream and the shard that its records lie in.
struct stream_place {
  shard_id shard;
  stream_id stream;
  friend auto operator<=>(const stream_place&, const stream_place&) = default;
};

/// How a stream stands before the next commit of its writer.
struct stream_standing {
  bool is_empty = false; ///< there is no record of it, deleted ones included
  int64_t cache_tag = 0; ///< of its latest changing commit
};

/// The latest committed fact of a key; `known == false`: the key was never seen.
struct stored_fact {
  bool known = false;
  bool deleted = false;
  content_hash hash;
  fact_order order;
  int64_t form = 0; ///< of the hash, see record_form
};

} // namespace lode
