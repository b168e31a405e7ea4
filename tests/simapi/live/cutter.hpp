#pragma once

#include "tests/simapi/live/connection.hpp"

#include <optional>
#include <set>
#include <string>

namespace simapi {

/// An order to cut connections, once or again and again.
struct cutter {
  uint32_t id = 0;
  cut_kind kind = cut_kind::drop;
  std::set<std::string> tenants; // empty = all
  double share = 1;              // of the connections that it meets
  int64_t every_ms = 0;          // 0 = once, now
  int64_t until = 0;             // 0 = no end
  int64_t next = 0;
  uint64_t rounds = 0, cuts = 0;

  /// Whether this connection is hit in the present round; decided by the seed alone.
  bool hits(uint64_t seed, const std::string& tenant, uint64_t connection) const;
};

/// `close`, `drop`, `reset`, `half_open`.
std::optional<cut_kind> cut_named(const std::string& name);

} // namespace simapi
