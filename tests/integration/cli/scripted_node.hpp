#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_http_server.hpp"

namespace lode::test {

namespace json = boost::json;

/// The program against a node that answers as it is told: what was asked of it, and what the program makes of answers.
struct scripted_node : testing::Test {
  enum class mode { answers, hangs_up };

  struct outcome {
    int code = -1;
    std::string out;
    std::string err;
  };

  ~scripted_node() override { std::filesystem::remove(errors); }

  /// `asked` is "GET /api/v1/...", with its query.
  void answer(const std::string& asked, std::string body, int status = 200) {
    std::scoped_lock lock{guard};
    answers[asked] = {status, std::move(body)};
  }
  void be(mode now) { present = now; }

  /// "POST /path BODY" of every request since the last call.
  std::vector<std::string> take_requests() {
    std::scoped_lock lock{guard};
    return std::exchange(requests, {});
  }
  bool was_asked(const std::string& part) {
    std::scoped_lock lock{guard};
    return std::ranges::any_of(requests, [&](const auto& each) { return each.find(part) != each.npos; });
  }

  outcome run(const std::string& arguments) {
    auto line = "env -u LODE_TOKEN LC_ALL=C.UTF-8 LODE_ADDRESS=http://" + server.address() + " " LODE_PROGRAM " " + arguments + " 2>" + errors;
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

  void serve(server_connection& connection) {
    auto request = connection.read_request();
    if (!request)
      return;
    if (present == mode::hangs_up)
      return connection.reset();
    auto asked = std::string{request->method_string()} + " " + std::string{request->target()};
    std::pair<int, std::string> reply{404, R"({"title":"Not found","status":404,"code":"not_found","detail":"nothing is known of )" + asked + "\"}"};
    {
      std::scoped_lock lock{guard};
      requests.push_back(asked + (request->body().empty() ? "" : " " + request->body()));
      keys.push_back(std::string{(*request)["Idempotency-Key"]});
      if (auto found = answers.find(asked); found != answers.end())
        reply = found->second;
    }
    connection.respond(reply.first, reply.second);
  }

  const std::string errors = testing::TempDir() + "lode-scripted-" + std::to_string(getpid());
  std::mutex guard;
  std::map<std::string, std::pair<int, std::string>> answers;
  std::vector<std::string> requests;
  std::vector<std::string> keys; ///< Idempotency-Key of each, "" where there was none
  std::atomic<mode> present{mode::answers};
  test_http_server server{[this](server_connection& connection) { serve(connection); }};
};

} // namespace lode::test
