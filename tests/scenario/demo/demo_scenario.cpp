#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <sstream>
#include <thread>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/show_state.hpp"

namespace lode::demo {

namespace {

using namespace std::chrono_literals;

/// The real program on a small show, in a folder of its own.
struct demo_scenario : testing::Test {
  demo_scenario() {
    std::string pattern = testing::TempDir() + "lode-demo-XXXXXX";
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directory(show());
  }

  ~demo_scenario() override {
    if (demo > 0) {
      kill(demo, SIGKILL);
      waitpid(demo, nullptr, 0);
    }
    kill_leftover(in("node.pid"), show());
    kill_leftover(in("simapi.pid"), show());
    run_to_end({servers, "erase", in("servers")}, folder + "/erase.log");
    std::filesystem::remove_all(folder);
  }

  std::string show() const { return folder + "/show"; }
  std::string in(const std::string& name) const { return show() + "/" + name; }
  std::string output() const { return read_text(folder + "/output"); }

  void start() {
    demo = fork();
    if (demo == 0) {
      (void)!freopen((folder + "/output").c_str(), "a", stdout);
      dup2(fileno(stdout), 2);
      execl(LODE_PROGRAM, "lode", "demo", "--tenants", "12", "--percent", "30", "--seed", "7", "--dir", show().c_str(), "--json",
            (folder + "/report.json").c_str(), nullptr);
      _exit(127);
    }
  }

  int wait_for_end() {
    int status = 0;
    waitpid(std::exchange(demo, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// Until the show has come so far; false when it has ended before.
  bool reach(const std::function<bool(const show_state&)>& is_there) {
    for (auto end = std::chrono::steady_clock::now() + 120s; std::chrono::steady_clock::now() < end;) {
      if (auto state = parse_state(read_text(in("show.json"))); state && is_there(*state))
        return true;
      if (start_ticks(demo) == 0)
        return false;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  pid_t pid_in(const char* file) const {
    pid_t pid = 0;
    std::istringstream{read_text(in(file))} >> pid;
    return pid;
  }

  void kill_everything() {
    auto node = pid_in("node.pid");
    auto apis = pid_in("simapi.pid");
    for (auto pid : {demo, node, apis})
      if (pid > 1)
        kill(pid, SIGKILL);
    ASSERT_EQ(run_to_end({servers, "crash", in("servers"), "postgres"}, folder + "/crash.log"), 0);
    wait_for_end();
  }

  boost::json::object report() const { return boost::json::parse(read_text(folder + "/report.json")).as_object(); }

  std::string folder;
  std::string servers = LODE_SOURCE_FOLDER "/setup/servers";
  pid_t demo = 0;
};

bool is_mining(const show_state& state) {
  return state.api_port != 0;
}

bool is_in_second_pass(const show_state& state) {
  return state.phase == show_phase::second_pass;
}

} // namespace

TEST_F(demo_scenario, a_show_killed_with_everything_under_it_goes_on_where_it_was) {
  for (const auto& moment : {is_mining, is_in_second_pass}) {
    start();
    ASSERT_TRUE(reach(moment)) << output();
    kill_everything();
  }
  auto kept = parse_state(read_text(in("show.json")));
  ASSERT_TRUE(kept);
  start();
  ASSERT_EQ(wait_for_end(), 0) << output();
  auto result = report();
  EXPECT_TRUE(result.at("verified").as_bool());
  EXPECT_EQ(result.at("tenants"), 12);
  EXPECT_EQ(result.at("lost"), 0);
  EXPECT_EQ(result.at("duplicated"), 0);
  EXPECT_EQ(result.at("kills"), 1);
  EXPECT_NE(output().find("seed 7"), std::string::npos);
}

TEST_F(demo_scenario, an_interrupted_show_stops_its_children_and_is_kept) {
  start();
  ASSERT_TRUE(reach(is_mining)) << output();
  auto node = pid_in("node.pid");
  auto apis = pid_in("simapi.pid");
  kill(demo, SIGINT);
  EXPECT_EQ(wait_for_end(), 130) << output();
  EXPECT_EQ(start_ticks(node), 0u);
  EXPECT_EQ(start_ticks(apis), 0u);
  EXPECT_EQ(run_to_end({servers, "status", in("servers")}, folder + "/status.log"), 3) << "the database still runs";
  EXPECT_TRUE(parse_state(read_text(in("show.json"))));
}

} // namespace lode::demo
