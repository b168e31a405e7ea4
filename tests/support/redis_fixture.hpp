#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/redis/redis_connection.hpp"
#include "tests/support/child_process.hpp"

namespace lode::test {

/// A Redis server of one test, on a Unix socket in a temporary folder; `options` as on its command line. What it saved with
/// SAVE is there again after a restart.
class test_redis {
public:
  explicit test_redis(std::vector<std::string> options = {});
  ~test_redis();
  test_redis(const test_redis&) = delete;
  test_redis& operator=(const test_redis&) = delete;

  /// By its Unix socket, with a timeout that a slow machine does not reach.
  redis_settings settings() const;
  std::string url() const { return "unix://" + socket(); }
  const std::string& folder() const noexcept { return folder_; }

  /// Like a power cut.
  void kill();
  void start();
  /// It takes connections and answers nothing.
  void pause() { server_->pause(); }
  void go_on() { server_->go_on(); }

  /// One command; a failure ends the test program with its reason.
  redis_reply ask(const redis_command& command) const;

private:
  std::string socket() const { return folder_ + "/redis.sock"; }

  std::string folder_;
  std::vector<std::string> options_;
  std::unique_ptr<child_process> server_;
};

/// A TCP port that was free a moment ago.
uint16_t free_port();

} // namespace lode::test
