#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "runtime/cli/demo/simapi_client.hpp"

namespace lode::demo {

/// Measures how long after a kill each tenant that was not done went on: it did when an API served it a page that the
/// node asked for after the kill. Instants are milliseconds of the simulated APIs' clock.
class recovery {
public:
  /// What is served within `aftermath_ms` of the kill answers requests of what was killed.
  recovery(int64_t killed_at, std::set<std::string> unfinished, int64_t aftermath_ms = 150);

  void observe(const api_traffic& traffic);
  /// The tenant has turned out to have nothing left to fetch.
  void is_done(const std::string& tenant);

  bool is_over() const { return waiting_.empty(); }
  size_t waiting() const { return waiting_.size(); }
  int64_t killed_at() const { return killed_at_; }
  /// Until the last tenant went on, as far as observed.
  double seconds() const { return static_cast<double>(last_ - killed_at_) / 1000; }

private:
  int64_t killed_at_;
  int64_t aftermath_ms_;
  int64_t last_;
  std::set<std::string> waiting_;
};

} // namespace lode::demo
