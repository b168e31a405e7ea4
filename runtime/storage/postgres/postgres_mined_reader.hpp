#pragma once

#include "runtime/storage/mined_reader.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The mined_reader on PostgreSQL. Shares the session of its owner, which outlives it.
class postgres_mined_reader final : public mined_reader {
public:
  explicit postgres_mined_reader(postgres_connection& link) : link_(link) {}

  caf::expected<std::vector<stored_record>> read_records(stream_id stream, const std::string& after_key, size_t limit,
                                                         bool with_deleted) override;
  caf::expected<std::vector<feed_entry>> read_feed(shard_id shard, int64_t after, size_t limit) override;
  caf::expected<int64_t> feed_end(shard_id shard) override;
  caf::expected<std::vector<int64_t>> feed_ends(const std::vector<shard_id>& shards) override;
  caf::expected<int64_t> store_generation() override;
  caf::expected<uint64_t> hash_seed() override;

private:
  postgres_connection& link_;
};

} // namespace lode
