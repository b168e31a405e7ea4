#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/redis/redis_reply.hpp"
#include "runtime/redis/redis_url.hpp"

namespace lode {

struct redis_settings {
  redis_address address;
  std::chrono::milliseconds timeout{250};  ///< for a whole call, connecting included
  /// After a failure calls fail at once for so long; after each further one twice as long, up to `longest_pause`.
  std::chrono::milliseconds pause{1'000};
  std::chrono::milliseconds longest_pause{30'000};
  std::string ca_file;                     ///< trusted certificates for TLS; empty = the system's
};

/// One blocking session with Redis, for one thread: hiredis formats and parses, Asio carries the bytes (TCP, Unix socket, or
/// TLS with the certificate checked against the host's name). Connects at the first call and again after a failure.
///
/// Redis is a help, never a need: each call ends within `timeout`, and while Redis is away or does not answer they cost
/// nothing, but for one in each pause.
class redis_connection {
public:
  /// What Asio carries the bytes with.
  class transport;

  explicit redis_connection(redis_settings settings);
  ~redis_connection();

  /// Sends all commands at once and waits for as many replies, in order; single commands may have failed
  /// (redis_reply::is_error). Fails with errc::unreachable, and the connection is closed; whether commands were carried out is
  /// then open.
  caf::expected<std::vector<redis_reply>> call(std::span<const redis_command> commands);

  const redis_settings& settings() const noexcept { return settings_; }

private:
  using time_point = std::chrono::steady_clock::time_point;

  std::string open(time_point deadline);
  std::string exchange(const std::string& bytes, size_t count, std::vector<redis_reply>& replies, time_point deadline);
  caf::error fail(const std::string& why);

  redis_settings settings_;
  std::unique_ptr<transport> transport_;
  std::unique_ptr<redis_parser> parser_;
  time_point not_before_{};
  std::chrono::milliseconds next_pause_{};
  std::string last_failure_;
};

} // namespace lode
