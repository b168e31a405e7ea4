#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "messages/ids.hpp"
#include "runtime/redis/redis_connection.hpp"
#include "runtime/storage/fact_print.hpp"

namespace lode {

/// The latest facts of streams in Redis, for whoever mines them next: buckets of about 60 (field: 8 bytes of the key,
/// value: 8 bytes of the fact), in a key space per stream that carries the tag of the stream's latest changing commit.
///
/// A hint with proof: an answer counts only when Redis shows `tag`, which every changing commit makes anew in the store's
/// transaction. A lost update, an old snapshot, a restored database or another Redis show another tag, so nothing is believed
/// and the next word begins a new key space. Evicted buckets are unknown keys. Failures cost time, never truth.
///
///   lode:GENERATION:STREAM                 hash: tag, space, bits
///   lode:GENERATION:STREAM:SPACE:BUCKET    hash: key -> fact; BUCKET = the upper `bits` of the key
class shared_facts {
public:
  /// One per writer. `generation` of the store: of another store nothing is seen.
  shared_facts(redis_settings settings, int64_t generation);

  struct question {
    stream_id stream;
    int64_t tag = 0;            ///< of the stream's latest changing commit
    std::vector<uint64_t> keys; ///< fact_print::key
  };
  /// Facts of the buckets that the keys lie in: of more keys than were asked, and not of all that were. In order of the
  /// questions. A bucket is read once, until begin().
  std::vector<std::vector<fact_print>> look_up(std::span<const question> questions);

  struct news {
    stream_id stream;
    int64_t previous_tag = 0; ///< what Redis must show, else a new key space begins
    int64_t tag = 0;          ///< the commit's own; the same as before when nothing changed
    std::vector<fact_print> prints;
  };
  /// After the commit, never before.
  void tell(std::span<const news> news);

  /// What was read of a stream is not remembered any more: its buckets are read again.
  void begin(stream_id stream);

  /// Since the last time that this was asked.
  struct use {
    uint64_t calls = 0;
    uint64_t failures = 0; ///< calls that failed, those that were not tried included
    uint64_t hits = 0;     ///< keys that were asked for and known
    uint64_t misses = 0;
  };
  use take_use() { return std::exchange(use_, {}); }

  /// Why the latest call failed; empty when it did not.
  const std::string& trouble() const noexcept { return trouble_; }

private:
  struct key_space {
    std::string name;
    uint32_t bits = 0;
    std::vector<bool> read; ///< one per bucket
  };

  std::string key_of(stream_id stream) const;
  std::vector<redis_reply> call(std::span<const redis_command> commands);
  void find_spaces(std::span<const question> questions);
  /// The stream's own and those of the buckets to read; none when its key space is not known or all is read.
  std::vector<std::string> keys_for(const question& asked);
  std::vector<fact_print> believed(const question& asked, std::span<const redis_reply> replies);
  void count(std::span<const question> questions, const std::vector<std::vector<fact_print>>& answers);

  redis_connection link_;
  std::string prefix_;
  std::map<stream_id, key_space> spaces_;
  std::string trouble_;
  use use_;
};

} // namespace lode
