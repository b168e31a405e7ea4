#include "actors/scheduling/claim_table.hpp"

#include "messages/actors.hpp"
#include "runtime/storage/shard_hash.hpp"

namespace lode {

void claim_table::gain(const std::vector<shard_claim>& claims) {
  for (const auto& claim : claims) {
    held_[claim.shard] = claim.epoch;
    left_.erase(claim.shard);
  }
}

void claim_table::leave(const std::vector<shard_id>& shards) {
  for (auto shard : shards)
    if (auto claim = held_.extract(shard))
      left_.insert_or_assign(shard, claim.mapped());
}

std::optional<shard_claim> claim_table::claim_of(shard_id shard) const {
  auto found = held_.find(shard);
  return found == held_.end() ? std::nullopt : std::optional{shard_claim{found->first, found->second}};
}

caf::expected<shard_claim> claim_table::claim_of(tenant_id tenant) const {
  if (auto held = claim_of(shard_of(tenant)))
    return *held;
  return caf::make_error(errc::not_owner, "tenant " + to_string(tenant) + " is not mined by this node");
}

caf::expected<shard_claim> claim_table::latest_claim_of(tenant_id tenant) const {
  auto claim = claim_of(tenant);
  if (auto left = left_.find(shard_of(tenant)); !claim && left != left_.end())
    return shard_claim{left->first, left->second};
  return claim;
}

} // namespace lode
