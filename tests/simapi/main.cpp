#include "tests/simapi/bench.hpp"
#include "tests/simapi/server.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sys/resource.h>
#include <unistd.h>

namespace {

/// Whoever waits for the file sees all of it or nothing.
void write_ready_file(const std::string& path, const simapi::simulation& sim) {
  auto temporary = path + ".tmp";
  std::ofstream file{temporary};
  file << R"({"port":)" << sim.port << R"(,"control_port":)" << sim.control_port << R"(,"pid":)" << ::getpid() << R"(,"scheme":")"
       << (sim.config.tls_key.empty() ? "http" : "https") << R"(","address":")" << sim.config.address << R"("})" << '\n';
  file.close();
  if (!file)
    throw std::runtime_error("ready file " + path + ": cannot write");
  std::filesystem::rename(temporary, path);
}

/// Thousands of WebSockets need a descriptor each.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int serve(const simapi::settings& config) {
  allow_many_descriptors();
  simapi::simulation sim{config};
  simapi::server both{sim};
  both.stop_on_signals();
  if (!config.ready_file.empty())
    write_ready_file(config.ready_file, sim);
  std::cout << "lode-simapi: data port " << sim.port << ", control port " << sim.control_port << std::endl;
  both.run(config.threads);
  return 0;
}

} // namespace

int main(int count, char** arguments) try {
  const std::vector<std::string> given{arguments + 1, arguments + count};
  if (std::ranges::any_of(given, [](const auto& each) { return each == "--help" || each == "-h"; })) {
    std::cout << simapi::help_text();
    return 0;
  }
  auto config = simapi::parse_command_line(given);
  return config.bench_seconds > 0 ? simapi::bench(config) : serve(config);
} catch (const std::invalid_argument& error) {
  std::cerr << "lode-simapi: " << error.what() << '\n';
  return 2;
} catch (const std::exception& error) {
  std::cerr << "lode-simapi: " << error.what() << '\n';
  return 1;
}
