#include "runtime/storage/memory/memory_catalog_store.hpp"

namespace lode {

caf::expected<std::vector<stored_record>>
memory_catalog_store::read_records(stream_id stream, const std::string& after_key, size_t limit, bool with_deleted) {
  return guarded<std::vector<stored_record>>([&]() -> caf::expected<std::vector<stored_record>> {
    std::vector<stored_record> out;
    const auto& rows = db_->records[stream];
    for (auto at = rows.upper_bound(after_key); at != rows.end() && out.size() < limit; ++at)
      if (with_deleted || !at->second.deleted)
        out.push_back({at->first, at->second.payload, at->second.hash, at->second.deleted});
    return out;
  });
}

caf::expected<std::vector<feed_entry>> memory_catalog_store::read_feed(shard_id shard, int64_t after, size_t limit) {
  return guarded<std::vector<feed_entry>>([&]() -> caf::expected<std::vector<feed_entry>> {
    if (!db_->shards.contains(shard))
      return store_error(errc::not_found, "there is no shard " + to_string(shard));
    std::vector<feed_entry> out;
    for (const auto& entry : db_->feed[shard])
      if (entry.seq > after && out.size() < limit)
        out.push_back(entry);
    return out;
  });
}

caf::expected<int64_t> memory_catalog_store::feed_end(shard_id shard) {
  return guarded<int64_t>([&]() -> caf::expected<int64_t> {
    auto found = db_->shards.find(shard);
    if (found == db_->shards.end())
      return store_error(errc::not_found, "there is no shard " + to_string(shard));
    return found->second.feed_seq;
  });
}

caf::expected<std::vector<int64_t>> memory_catalog_store::feed_ends(const std::vector<shard_id>& shards) {
  return guarded<std::vector<int64_t>>([&]() -> caf::expected<std::vector<int64_t>> {
    std::vector<int64_t> out;
    for (auto shard : shards) {
      auto found = db_->shards.find(shard);
      out.push_back(found == db_->shards.end() ? 0 : found->second.feed_seq);
    }
    return out;
  });
}

caf::expected<int64_t> memory_catalog_store::store_generation() {
  return guarded<int64_t>([this]() -> caf::expected<int64_t> { return db_->generation; });
}

caf::expected<uint64_t> memory_catalog_store::hash_seed() {
  return guarded<uint64_t>([]() -> caf::expected<uint64_t> { return uint64_t{42}; });
}

} // namespace lode
