#pragma once

#include <caf/expected.hpp>

#include <string>
#include <vector>

#include "messages/storage.hpp"

namespace lode {

struct feed_entry {
  shard_id shard;
  int64_t seq = 0;
  tenant_id tenant;
  connection_id connection;
  stream_id stream;
  change_kind kind = change_kind::inserted;
  std::string key;
  content_hash hash;
  fact_order order;
};

struct stored_record {
  std::string key;
  std::string payload;
  content_hash hash;
  bool deleted = false;
};

/// The reading side of what was mined, and what its positions and hashes depend on. Used by one thread. Fails with
/// errc::store_unavailable, errc::not_found or errc::bad_argument.
class mined_reader {
public:
  virtual ~mined_reader() = default;

  /// Records of a stream in key order after `after_key`, tombstones left out unless asked for.
  virtual caf::expected<std::vector<stored_record>> read_records(stream_id stream, const std::string& after_key,
                                                                 size_t limit, bool with_deleted) = 0;
  /// Feed entries of one shard with seq > after, in seq order; less than `limit` only at the end. Positions are in the
  /// order of commits; they are gapless but for what was erased. errc::bad_argument: trimmed, the reader came too late.
  virtual caf::expected<std::vector<feed_entry>> read_feed(shard_id shard, int64_t after, size_t limit) = 0;
  /// The last position of a shard's feed: where a reader begins that takes the records as they are.
  virtual caf::expected<int64_t> feed_end(shard_id shard) = 0;
  /// The same of several shards, in the order asked; 0 for one that is not there.
  virtual caf::expected<std::vector<int64_t>> feed_ends(const std::vector<shard_id>& shards) = 0;
  /// Random, new after a restore: part of every feed cursor.
  virtual caf::expected<int64_t> store_generation() = 0;
  /// Seed of every content hash; made once with the store.
  virtual caf::expected<uint64_t> hash_seed() = 0;
};

} // namespace lode
