#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace lode::test {

/// Returns once `is_so` holds; throws std::runtime_error naming `what` when it does not within `limit`.
/// `explain` is asked for what to add to the message.
void await(const std::string& what, const std::function<bool()>& is_so,
           std::chrono::milliseconds limit = std::chrono::seconds{60},
           const std::function<std::string()>& explain = {});

/// What a file holds; "" when it cannot be read.
std::string read_file(const std::string& path);
/// The end of a file, for messages.
std::string last_lines(const std::string& path, size_t count = 15);

/// A program that a test runs beside itself. It ends with the object, and with the test program even if that is killed.
class child_process {
public:
  /// Output of both kinds is appended to `log`. `environment` holds NAME=VALUE and comes on top of the test's own.
  child_process(std::vector<std::string> command, std::string log, std::vector<std::string> environment = {});
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  bool is_running();
  /// SIGKILL, and waits until it is gone.
  void kill_hard();
  /// SIGSTOP, and waits until it stands still. Throws when it has ended.
  void pause();
  /// SIGCONT.
  void go_on();
  /// SIGTERM, and nothing else.
  void ask_to_stop();
  /// SIGTERM, and waits for the end; throws when it takes longer than `limit`. The exit code, or 128 + signal.
  int stop(std::chrono::milliseconds limit = std::chrono::seconds{30});
  /// Waits for an end that comes by itself. The exit code, or 128 + signal.
  int await_end(std::chrono::milliseconds limit = std::chrono::seconds{60});

  /// Memory held right now.
  size_t resident_bytes() const;
  const std::string& log() const noexcept { return log_; }

private:
  bool reap(bool waits);

  std::string name_;
  std::string log_;
  pid_t pid_ = 0;
  int code_ = 0;
};

/// Runs a program to its end; the exit code, or 128 + signal.
int run_program(std::vector<std::string> command, const std::string& log);

} // namespace lode::test
