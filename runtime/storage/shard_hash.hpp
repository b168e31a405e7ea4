#pragma once

#include <cstdint>

#include "messages/ids.hpp"

namespace lode {

/// The number of shards that `lode migrate` makes; fixed for the life of a store.
inline constexpr int64_t default_shard_count = 4096;

/// The shard that a tenant lives in: the finalizer of MurmurHash3 over the id, modulo the number of shards. Stored rows
/// depend on it, so it never changes.
constexpr shard_id shard_of(tenant_id tenant, int64_t shard_count = default_shard_count) {
  auto bits = static_cast<uint64_t>(tenant.value);
  bits ^= bits >> 33;
  bits *= 0xff51afd7ed558ccdULL;
  bits ^= bits >> 33;
  bits *= 0xc4ceb9fe1a85ec53ULL;
  bits ^= bits >> 33;
  return {static_cast<int64_t>(bits % static_cast<uint64_t>(shard_count))};
}

} // namespace lode
