#include "tests/simapi/live/cutter.hpp"

#include "tests/simapi/random.hpp"

namespace simapi {

bool cutter::hits(uint64_t seed, const std::string& tenant, uint64_t connection) const {
  if (!tenants.empty() && !tenants.contains(tenant))
    return false;
  return unit_interval(mix(seed, id, rounds, connection, 33)) < share;
}

std::optional<cut_kind> cut_named(const std::string& name) {
  if (name == "close")
    return cut_kind::close;
  if (name == "drop")
    return cut_kind::drop;
  if (name == "reset")
    return cut_kind::reset;
  if (name == "half_open")
    return cut_kind::half_open;
  return {};
}

} // namespace simapi
