#include "runtime/telemetry/trace_id.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace lode {

std::string trace_id_of(int64_t store_generation, run_id run) {
  // Hashed, because tracing systems sample by digits of the id.
  auto name = fmt::format("lode run {} {}", store_generation, run.value);
  auto hash = XXH3_128bits(name.data(), name.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

} // namespace lode
