#include "runtime/cli/demo/program_start.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace {

[[noreturn]] void become(const program_start& start, pid_t parent) {
  setpgid(0, 0);
  if (start.signal_with_us) {
    prctl(PR_SET_PDEATHSIG, start.signal_with_us);
    if (getppid() != parent)
      _exit(127);
  }
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGPIPE, SIG_DFL);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(open(start.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 1);
  dup2(1, 2);
  close_range(3, ~0u, 0);
  for (const auto& each : start.environment)
    putenv(const_cast<char*>(each.c_str()));
  std::vector<char*> arguments;
  for (const auto& each : start.command)
    arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  dprintf(2, "%s: %s\n", arguments[0], std::strerror(errno));
  _exit(127);
}

} // namespace

pid_t start_program(const program_start& start) {
  auto parent = getpid();
  auto pid = fork();
  if (pid < 0)
    throw failure{start.command.at(0) + ": cannot be started: " + std::strerror(errno)};
  if (pid == 0)
    become(start, parent);
  return pid;
}

int shell_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace lode::demo
