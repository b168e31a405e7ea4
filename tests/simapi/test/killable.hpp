#pragma once

#include "tests/simapi/test/simapi_test.hpp"

#include <csignal>
#include <filesystem>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace simapi::test {

/// The program itself, with a state file, so that it can be killed.
template <class Base>
struct killable : Base {
  killable() {
    folder_ = std::filesystem::temp_directory_path() / ("simapi-state-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder_);
  }

  ~killable() override {
    kill_program();
    std::filesystem::remove_all(folder_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void spawn(std::vector<std::string> more = {}) {
    std::filesystem::remove(path("ready"));
    std::vector<std::string> line{SIMAPI_BINARY, "--seed", "7", "--state", path("state"), "--ready-file", path("ready"),
                                  "--records", "posts=25,comments=2,contacts=25,orders=25,products=25,customers=25"};
    line.insert(line.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (auto& each : line)
      arguments.push_back(each.data());
    arguments.push_back(nullptr);
    ASSERT_EQ(::posix_spawn(&program_, SIMAPI_BINARY, nullptr, nullptr, arguments.data(), environ), 0);
    while (!std::filesystem::exists(path("ready")))
      ASSERT_EQ(::waitpid(program_, nullptr, WNOHANG), 0) << "the program ended before it was ready";
    std::stringstream text;
    text << std::ifstream{path("ready")}.rdbuf();
    auto ready = json::parse(text.str());
    this->port = ready.at("port").to_number<uint16_t>();
    this->control_port = ready.at("control_port").to_number<uint16_t>();
    this->connection.reset();
  }

  void kill_program() {
    if (program_ == 0)
      return;
    ::kill(program_, SIGKILL);
    ::waitpid(program_, nullptr, 0);
    program_ = 0;
  }

  void kill_and_restart() {
    kill_program();
    spawn();
  }

  /// Through the same host, so that links are equal too.
  std::string whole_truth() { return http_client{this->control_port}.get("/control/truth").body; }

  std::filesystem::path folder_;
  pid_t program_ = 0;
};

} // namespace simapi::test
