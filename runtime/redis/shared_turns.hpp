#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>

#include "messages/turns.hpp"
#include "runtime/redis/redis_connection.hpp"

namespace lode {

/// Hands out the turns of budgets that all nodes of a store share, by one script in Redis and Redis' clock.
///
///   lode:GENERATION:turns:last     hash: budget -> time of the latest turn that was handed out, microseconds
///   lode:GENERATION:turns:nodes    hash: node -> when it was heard of
///   lode:GENERATION:turns:pauses   hash: budget -> no request before
///
/// One number per budget is all that must be remembered. Where it is missing (FLUSHALL, eviction, a new Redis), is of the
/// future (the clock was set back), or may be old (a restored copy: then all connections broke, and each node joins anew), the
/// turns of the next `lookahead` count as handed out: nobody can hold later ones. Redis' clock must not jump forward.
class shared_turns {
public:
  /// `node`: its name, which no other living node has.
  shared_turns(redis_settings settings, int64_t generation, std::string node);

  /// Blocks for at most twice the timeout. Fails with errc::unreachable when Redis does not answer, refuses, or is so slow that
  /// its turns would be stale; whether the order was carried out is then open, until its `not_after`.
  caf::expected<turns_leased> lease(const lease_turns& order);

private:
  using time_point = std::chrono::steady_clock::time_point;
  /// Redis said `then` at some time from `sent` to `received`.
  struct clock_reading {
    time_point sent, received;
    std::chrono::microseconds then{0};
    auto uncertainty() const { return received - sent; }
  };

  caf::expected<redis_reply> call(const redis_command& command, time_point& sent);
  caf::error read_clock();
  caf::error learn(const clock_reading& reading);
  std::vector<std::string> words_of(const lease_turns& order) const;
  turns_leased read(const lease_turns& order, const redis_reply& reply) const;

  redis_connection link_;
  std::string prefix_;
  std::string node_;
  std::optional<clock_reading> clock_; ///< the best one of the last seconds; nothing: after a failure
};

} // namespace lode
