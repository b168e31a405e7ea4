#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <string>

#include "runtime/redis/redis_connection.hpp"

namespace lode {

/// What `lode doctor` shows of Redis.
struct redis_report {
  std::string version; ///< "" = the user may not ask (INFO)
  std::string refused; ///< what Redis said to a command that nodes need; "" = it carries out all of them
  int64_t memory = 0;  ///< bytes it may take; 0 = no limit
  std::string policy;  ///< what it does at that limit
  std::chrono::microseconds round_trip{0}; ///< the middle one of some
};

/// Asks as a node does, and tries each command that nodes use on a key of its own, which is removed. Fails with errc::unreachable.
caf::expected<redis_report> inspect_redis(const redis_settings& settings);

} // namespace lode
