#pragma once

#include <caf/expected.hpp>

#include <map>
#include <optional>
#include <vector>

#include "messages/ids.hpp"
#include "messages/runs.hpp"

namespace lode {

/// The claims under which this node mines its shards, and the latest one of each shard that it has given up.
class claim_table {
public:
  explicit claim_table(const std::vector<shard_claim>& held) { gain(held); }

  void gain(const std::vector<shard_claim>& claims);
  /// They are about to be another node's: nothing new begins in them.
  void leave(const std::vector<shard_id>& shards);

  bool holds(shard_id shard) const { return held_.contains(shard); }
  /// Absent: not mined here.
  std::optional<shard_claim> claim_of(shard_id shard) const;
  /// errc::not_owner: not mined here.
  caf::expected<shard_claim> claim_of(tenant_id tenant) const;
  /// The same, but of a shard that has left the claim that it was mined under: for what began under it.
  caf::expected<shard_claim> latest_claim_of(tenant_id tenant) const;

private:
  std::map<shard_id, shard_epoch> held_;
  std::map<shard_id, shard_epoch> left_;
};

} // namespace lode
