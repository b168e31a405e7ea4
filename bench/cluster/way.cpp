// bench-way: hands bytes on between clients on a port of 127.0.0.1 and PostgreSQL. Stopped with SIGSTOP it is a network that
// loses everything and closes nothing.
#include "tests/support/postgres_proxy.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) try {
  std::string dsn;
  std::string ready_file;
  CLI::App program{"A way to PostgreSQL that can be stopped; runs until a signal ends it"};
  program.add_option("--dsn", dsn, "Of the server, on a Unix socket")->required();
  program.add_option("--ready-file", ready_file, "Gets the DSN that leads through this way once it listens")->required();
  CLI11_PARSE(program, argc, argv);
  lode::test::postgres_proxy way{dsn};
  auto fresh = ready_file + ".new";
  std::ofstream{fresh} << way.dsn() << "\n";
  if (std::rename(fresh.c_str(), ready_file.c_str()) != 0)
    throw std::runtime_error{ready_file + ": cannot be written"};
  ::pause();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench-way: " << error.what() << "\n";
  return 1;
}
