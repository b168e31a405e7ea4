#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lode::demo {

/// What the kernel says about a process.
struct process_figures {
  double cpu_seconds = 0;
  uint64_t peak_rss_bytes = 0;
};

/// When a process started, in the kernel's ticks: together with its id it names one process for good. 0 = there is none.
uint64_t start_ticks(pid_t pid);

/// A program that the demo runs beside itself, in a process group of its own (so that Ctrl-C reaches the demo only).
/// A file keeps its id and start, so that the next demo finds what a killed one left.
class child_process {
public:
  /// `label` names it in messages.
  child_process(std::string label, std::string pid_file, std::string log_file);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Throws failure when the program cannot be started.
  void start(const std::vector<std::string>& command);
  /// Throws failure, with the last lines of its log, when it has ended by itself.
  void check_alive();
  void kill_hard();
  /// SIGKILL; kill_hard() waits for the end.
  void kill_soon();
  /// SIGTERM; stop() waits for what it does.
  void ask_to_stop();
  /// SIGTERM, then SIGKILL after `patience_ms`.
  void stop(int patience_ms);

  bool is_running() const noexcept { return pid_ > 0; }
  pid_t pid() const noexcept { return pid_; }
  /// Of the running process; zeros when there is none.
  process_figures figures() const;
  /// The last lines of its log.
  std::string last_words() const;

private:
  bool has_ended(bool waits);

  std::string label_, pid_file_, log_file_;
  pid_t pid_ = 0;
  int status_ = 0;
  bool is_asked_ = false; ///< a second SIGTERM would be a second signal, which ends a node at once
};

/// Runs a program to its end with output into `log_file`; its exit code, or 128 + signal.
int run_to_end(const std::vector<std::string>& command, const std::string& log_file,
               const std::vector<std::string>& environment = {});

/// Kills the process that `pid_file` names, if it still is that very process and its command line holds `mark`.
/// True when there was one.
bool kill_leftover(const std::string& pid_file, const std::string& mark);

/// The last `count` lines of a text.
std::string last_lines(const std::string& text, size_t count);

} // namespace lode::demo
