#pragma once

#include <cstddef>
#include <vector>

#include "messages/cluster.hpp"

namespace lode {

/// To whom each shard is due under one view; incarnation 0 = to nobody: no node takes part.
struct placement {
  std::vector<incarnation> owners;
};

/// The same on every machine and for every order of the rows: names and weights of the members decide (not of those that join or
/// drain), integers only. A node that is back under its name is due the same shards. Nodes of one cluster must agree on it: any
/// change of what it answers is a change of cluster_wire_version.
placement place(const cluster_view& view, size_t shard_count);

} // namespace lode
