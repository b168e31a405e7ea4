#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/integration/console/console_fixture.hpp"

namespace lode {

/// Runs the program itself, against a console over stores in memory.
struct cli_fixture : console_fixture {
  struct outcome {
    int code = -1;
    std::string out;
    std::string err;
  };

  cli_fixture() { std::filesystem::create_directories(folder); }
  ~cli_fixture() override { std::filesystem::remove_all(folder); }

  /// Against that console, unless the arguments name a node.
  outcome run(const std::string& arguments) {
    auto at = server && arguments.find("--node ") == arguments.npos ? " --node http://" + server->address() : std::string{};
    auto errors = folder + "/stderr";
    auto line = "env -u LODE_ADDRESS -u LODE_TOKEN " LODE_PROGRAM + at + " " + arguments + " 2>" + errors;
    outcome result;
    auto* pipe = popen(line.c_str(), "r");
    char piece[4'096];
    while (auto size = std::fread(piece, 1, sizeof piece, pipe))
      result.out.append(piece, size);
    result.code = WEXITSTATUS(pclose(pipe));
    std::ifstream file{errors};
    result.err.assign(std::istreambuf_iterator<char>{file}, {});
    return result;
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream{folder + "/" + name} << text;
    return folder + "/" + name;
  }

  const std::string folder = testing::TempDir() + "lode-cli-" + std::to_string(getpid());
};

} // namespace lode
