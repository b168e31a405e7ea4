#pragma once

#include "runtime/redis/redis_connection.hpp"

namespace lode {

/// Bytes to and from Redis with a deadline for each step. After any failure it is of no use. Functions return what went
/// wrong, empty = nothing.
class redis_connection::transport {
public:
  using time_point = std::chrono::steady_clock::time_point;

  virtual ~transport() = default;
  virtual std::string connect(time_point deadline) = 0;
  virtual std::string write(std::string_view bytes, time_point deadline) = 0;
  /// Appends what has arrived, at least one byte.
  virtual std::string read(std::string& out, time_point deadline) = 0;

  static std::unique_ptr<transport> make(const redis_settings& settings);
};

} // namespace lode
