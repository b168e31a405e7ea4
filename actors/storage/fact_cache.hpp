#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <optional>

#include "messages/storage.hpp"
#include "runtime/storage/fact_print.hpp"

namespace lode {

/// The latest committed facts of one stream.
class known_facts {
public:
  enum class answer : uint8_t {
    unchanged, ///< this very fact is the latest
    absent,    ///< the store holds nothing under this key
    unknown,   ///< ask the store
  };

  /// Of an empty stream all is known from the start: what is not here is not in the store either.
  known_facts(shard_epoch epoch, const stream_standing& standing)
    : epoch_(epoch), is_complete_(standing.is_empty), cache_tag_(standing.cache_tag) {}

  answer look(const fact_print& print) const;
  /// Of the stream's latest changing commit.
  int64_t cache_tag() const noexcept { return cache_tag_; }
  size_t bytes() const noexcept { return own_bytes + prints_.bucket_count() * bytes_per_place; }

private:
  friend class fact_cache;
  static constexpr size_t bytes_per_place = 17;
  static constexpr size_t own_bytes = 160; ///< of a stream of which nothing is known, about

  boost::unordered_flat_map<uint64_t, uint64_t> prints_;
  shard_epoch epoch_;
  bool is_complete_;
  int64_t cache_tag_;
  uint64_t last_used_ = 0;
};

/// What a writer remembers of the facts it committed or found committed, within a budget of bytes; the streams that were
/// not used longest go first.
///
/// A hint with proof: only the owner of a shard changes its records, so what is remembered holds as long as the epoch does,
/// provided that it is told after the commit and never before. A fact of another epoch is not remembered.
class fact_cache {
public:
  explicit fact_cache(size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Nothing when the stream was not begun in this epoch. Valid until the next call that is not const.
  const known_facts* find(stream_place stream, shard_epoch epoch);
  /// Begins to remember a stream as it stands at this moment.
  void begin(stream_place stream, shard_epoch epoch, const stream_standing& standing);
  /// The latest committed fact of a key, now that it is committed; ignored when the stream was never begun.
  void put(stream_place stream, const fact_print& print);
  /// A fact that was found in Redis: what is known already is at least as new.
  void put_if_absent(stream_place stream, const fact_print& print);
  /// Nothing when the stream was never begun, or was forgotten.
  std::optional<int64_t> tag_of(stream_place stream) const;
  /// The stream's latest changing commit is another one now.
  void set_tag(stream_place stream, int64_t cache_tag);
  /// After a commit that was refused by the fence: nothing of the shard is known any more.
  void forget(shard_id shard);
  /// After a commit that was refused for another reason: the store stands elsewhere than was believed.
  void forget(stream_place stream);
  /// After an outage: a database that failed over may have lost what it had confirmed.
  void clear();

  size_t bytes() const noexcept { return bytes_; }

private:
  void put(stream_place stream, const fact_print& print, bool replaces);
  void make_room();

  size_t max_bytes_;
  size_t bytes_ = 0;
  uint64_t now_ = 0; ///< counts uses
  std::map<stream_place, known_facts> streams_;
};

} // namespace lode
