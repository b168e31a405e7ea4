#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/demo/node_client.hpp"
#include "runtime/cli/demo/progress_lines.hpp"
#include "runtime/cli/demo/recovery.hpp"

namespace lode::demo {

/// Follows how the others go on for a node that was killed for good: they declare it gone, claim its shards, and mine its tenants.
/// It is over when its last shard has another owner and each of its tenants that was in mid-run went on elsewhere: an API
/// served it a page that another node had asked for. Instants are milliseconds of the simulated APIs' clock.
class takeover {
public:
  takeover(std::string node, int64_t killed_at, std::set<std::string> in_mid_run);

  /// What is new since the last call, as sentences.
  std::vector<std::string> observe(const api_traffic& traffic, const cluster_shown& cluster);
  /// The tenant has turned out to have nothing left to fetch.
  void is_done(const std::string& tenant) { tenants_.is_done(tenant); }

  bool is_over() const { return owned_.has_value() && tenants_.is_over(); }
  int64_t killed_at() const { return tenants_.killed_at(); }
  double seconds() const;
  /// How the dead node is shown at `now`.
  void describe(node_line& node, int64_t now) const;

private:
  double since(int64_t instant) const;

  std::string node_;
  size_t in_mid_run_;
  recovery tenants_;
  std::optional<int64_t> declared_gone_, owned_;
};

} // namespace lode::demo
