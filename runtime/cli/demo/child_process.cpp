#include "runtime/cli/demo/child_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <sstream>
#include <thread>
#include <utility>

#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/program_start.hpp"
#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace {

constexpr auto short_wait = std::chrono::milliseconds{10};

/// Fields of /proc/PID/stat behind the name, which may hold anything: [0] is the state, field 3 of proc(5).
std::vector<std::string> stat_fields(pid_t pid) {
  auto text = read_text("/proc/" + std::to_string(pid) + "/stat");
  auto end = text.rfind(')');
  std::vector<std::string> out;
  if (end == std::string::npos)
    return out;
  std::istringstream words{text.substr(end + 1)};
  for (std::string word; words >> word;)
    out.push_back(word);
  return out;
}

uint64_t number_at(const std::vector<std::string>& fields, size_t i) {
  return i < fields.size() ? std::strtoull(fields[i].c_str(), nullptr, 10) : 0;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

} // namespace

uint64_t start_ticks(pid_t pid) {
  auto fields = stat_fields(pid);
  return fields.empty() || fields[0] == "Z" ? 0 : number_at(fields, 19);
}

std::string last_lines(const std::string& text, size_t count) {
  auto begin = text.size();
  while (begin > 0 && text[begin - 1] == '\n')
    --begin;
  for (size_t lines = 0; begin > 0; --begin)
    if (text[begin - 1] == '\n' && ++lines == count)
      break;
  return text.substr(begin);
}

child_process::child_process(std::string label, std::string pid_file, std::string log_file)
  : label_(std::move(label)), pid_file_(std::move(pid_file)), log_file_(std::move(log_file)) {}

child_process::~child_process() {
  kill_hard();
}

void child_process::start(const std::vector<std::string>& command) {
  pid_ = start_program({command, log_file_, {}, SIGTERM});
  is_asked_ = false;
  write_text(pid_file_, std::to_string(pid_) + " " + std::to_string(start_ticks(pid_)) + "\n");
}

bool child_process::has_ended(bool waits) {
  if (pid_ == 0)
    return true;
  auto ended = waitpid(pid_, &status_, waits ? 0 : WNOHANG);
  if (ended != pid_)
    return false;
  pid_ = 0;
  unlink(pid_file_.c_str());
  return true;
}

void child_process::check_alive() {
  if (has_ended(false))
    throw failure{label_ + " " + how_it_ended(status_) + "; the end of " + log_file_ + ":\n" + last_words()};
}

void child_process::kill_soon() {
  if (pid_ != 0)
    kill(pid_, SIGKILL);
}

void child_process::kill_hard() {
  if (pid_ == 0)
    return;
  kill(pid_, SIGKILL);
  while (!has_ended(true) && errno == EINTR) {}
}

void child_process::ask_to_stop() {
  if (pid_ != 0 && !std::exchange(is_asked_, true))
    kill(pid_, SIGTERM);
}

void child_process::stop(int patience_ms) {
  if (pid_ == 0)
    return;
  ask_to_stop();
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{patience_ms};
  while (!has_ended(false) && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(short_wait);
  kill_hard();
}

process_figures child_process::figures() const {
  process_figures out;
  if (pid_ == 0)
    return out;
  auto fields = stat_fields(pid_);
  out.cpu_seconds = static_cast<double>(number_at(fields, 11) + number_at(fields, 12)) / static_cast<double>(sysconf(_SC_CLK_TCK));
  auto status = read_text("/proc/" + std::to_string(pid_) + "/status");
  if (auto at = status.find("VmHWM:"); at != std::string::npos)
    out.peak_rss_bytes = std::strtoull(status.c_str() + at + 6, nullptr, 10) * 1024;
  return out;
}

std::string child_process::last_words() const {
  return last_lines(read_text(log_file_), 12);
}

int run_to_end(const std::vector<std::string>& command, const std::string& log_file,
               const std::vector<std::string>& environment) {
  auto pid = start_program({command, log_file, environment});
  int status = 0;
  while (waitpid(pid, &status, 0) != pid)
    if (errno != EINTR)
      throw failure{command[0] + ": its end was missed: " + std::strerror(errno)};
  return shell_code_of(status);
}

bool kill_leftover(const std::string& pid_file, const std::string& mark) {
  auto text = read_text(pid_file);
  pid_t pid = 0;
  uint64_t ticks = 0;
  std::istringstream{text} >> pid >> ticks;
  auto is_it = [&] { return pid > 1 && ticks > 0 && start_ticks(pid) == ticks; };
  auto found = is_it() && read_text("/proc/" + std::to_string(pid) + "/cmdline").find(mark) != std::string::npos;
  if (found) {
    kill(pid, SIGKILL);
    while (is_it())
      std::this_thread::sleep_for(short_wait);
  }
  unlink(pid_file.c_str());
  return found;
}

} // namespace lode::demo
