#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace lode::demo {

/// A program to run beside this one.
struct program_start {
  std::vector<std::string> command;
  std::string log_file;                      ///< output of both kinds is appended to it
  std::vector<std::string> environment = {}; ///< NAME=VALUE, on top of this program's own
  int signal_with_us = 0;                    ///< what it gets when this program ends, however; 0 = it lives on
};

/// Starts it in a process group of its own, so that Ctrl-C reaches this program only, and without this program's files.
/// One that cannot be executed ends with 127 and the reason in its log. Throws failure when there can be no process.
pid_t start_program(const program_start& start);

/// The exit code that a shell shows for waitpid's status: of a signal 128 + its number.
int shell_code_of(int status);

} // namespace lode::demo
