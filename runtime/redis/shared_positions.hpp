#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/redis/redis_connection.hpp"

namespace lode {

/// How many feed positions a store has given out, as Redis remembers it over restarts of node and database. A database that has
/// given out fewer was restored. Without Redis, or with an older Redis, nothing is known, and nothing claimed.
///
///   lode:GENERATION:feed                   hash: positions
class shared_positions {
public:
  shared_positions(redis_settings settings, int64_t generation);

  /// Nothing when Redis does not answer or does not know.
  std::optional<int64_t> read();
  /// Never lowers it. What the store showed, never what it will show.
  void raise(int64_t positions);

private:
  redis_connection link_;
  std::string key_;
};

} // namespace lode
