#include "tests/support/child_process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "runtime/cli/demo/program_start.hpp"

namespace lode::test {

namespace {

/// How often a wait looks. Other processes cannot be waited for in any other way.
constexpr std::chrono::milliseconds look_again{10};

} // namespace

void await(const std::string& what, const std::function<bool()>& is_so, std::chrono::milliseconds limit,
           const std::function<std::string()>& explain) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"not so after " + std::to_string(limit.count()) + " ms: " + what
                               + (explain ? "\n" + explain() : "")};
    std::this_thread::sleep_for(look_again);
  }
}

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string last_lines(const std::string& path, size_t count) {
  auto text = read_file(path);
  auto begin = text.size();
  for (size_t lines = 0; begin > 0; --begin)
    if (text[begin - 1] == '\n' && ++lines > count)
      break;
  return path + ":\n" + text.substr(begin);
}

child_process::child_process(std::vector<std::string> command, std::string log, std::vector<std::string> environment)
  : name_(command.at(0).substr(command[0].rfind('/') + 1)), log_(std::move(log)) {
  pid_ = demo::start_program({std::move(command), log_, std::move(environment), SIGKILL});
}

child_process::~child_process() {
  kill_hard();
}

bool child_process::reap(bool waits) {
  int status = 0;
  if (pid_ == 0)
    return true;
  pid_t ended = 0;
  while ((ended = waitpid(pid_, &status, waits ? 0 : WNOHANG)) < 0 && errno == EINTR) {}
  if (ended != pid_)
    return false;
  pid_ = 0;
  code_ = demo::shell_code_of(status);
  return true;
}

bool child_process::is_running() {
  return !reap(false);
}

void child_process::kill_hard() {
  if (pid_ == 0)
    return;
  kill(pid_, SIGKILL);
  reap(true);
}

void child_process::pause() {
  int status = 0;
  if (pid_ != 0) {
    kill(pid_, SIGSTOP);
    while (waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {}
    if (WIFSTOPPED(status))
      return;
    pid_ = 0;
  }
  throw std::runtime_error{name_ + " has ended and cannot be paused\n" + last_lines(log_)};
}

void child_process::go_on() {
  if (pid_ != 0)
    kill(pid_, SIGCONT);
}

void child_process::ask_to_stop() {
  if (pid_ != 0)
    kill(pid_, SIGTERM);
}

int child_process::stop(std::chrono::milliseconds limit) {
  ask_to_stop();
  return await_end(limit);
}

int child_process::await_end(std::chrono::milliseconds limit) {
  await(name_ + " ends", [this] { return !is_running(); }, limit, [this] { return last_lines(log_); });
  return code_;
}

size_t child_process::resident_bytes() const {
  auto status = read_file("/proc/" + std::to_string(pid_) + "/status");
  auto at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::stoull(status.substr(at + 6)) * 1024;
}

int run_program(std::vector<std::string> command, const std::string& log) {
  return child_process{std::move(command), log}.await_end(std::chrono::seconds{120});
}

} // namespace lode::test
