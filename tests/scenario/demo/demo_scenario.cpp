#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <array>
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
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::array programs{"n1.pid", "n2.pid", "n3.pid", "simapi.pid"};

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
    for (const auto* program : programs)
      kill_leftover(in(program), show());
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
      execl(LODE_PROGRAM, "lode", "demo", "--tenants", "12", "--percent", "30", "--seed", "7", "--dir", show().c_str(), "--report",
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
    std::vector<pid_t> all{demo};
    for (const auto* program : programs)
      all.push_back(pid_in(program));
    for (auto pid : all)
      if (pid > 1)
        kill(pid, SIGKILL);
    for (const auto* server : {"postgres", "redis"})
      ASSERT_EQ(run_to_end({servers, "crash", in("servers"), server}, folder + "/crash.log"), 0);
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

bool has_lost_a_node(const show_state& state) {
  return !state.lost_node.empty();
}

std::vector<std::string> keys_of(const boost::json::object& object) {
  std::vector<std::string> out;
  for (const auto& entry : object)
    out.emplace_back(entry.key());
  return out;
}

double seconds_in(const boost::json::object& object, const char* key) {
  return object.at(key).to_number<double>();
}

} // namespace

TEST_F(demo_scenario, three_nodes_are_killed_at_once_and_started_again_and_then_one_is_replaced) {
  start();
  ASSERT_TRUE(reach(has_lost_a_node)) << output();
  auto lost = parse_state(read_text(in("show.json")))->lost_node;
  ASSERT_EQ(wait_for_end(), 0) << output();
  auto result = report();
  EXPECT_THAT(keys_of(result), ElementsAre("tenants", "api_calls", "records", "inserted", "changed", "unchanged", "deleted", "lost",
                                           "duplicated", "kills", "recovery_seconds", "pages_refetched", "suspended", "records_per_second",
                                           "cpu_seconds_per_million", "peak_rss_bytes", "nodes", "takeover_seconds", "verified"));
  EXPECT_TRUE(result.at("verified").as_bool());
  EXPECT_EQ(result.at("nodes"), 3);
  EXPECT_EQ(result.at("kills"), 2);
  // Nobody is declared gone before its counter stood still for a whole lease.
  EXPECT_GT(seconds_in(result, "takeover_seconds"), 2.5);
  EXPECT_GE(seconds_in(result, "recovery_seconds"), 0) << "0: so small a show may have nothing left to fetch";
  for (const auto& part : {"linked by certificates", "kill -9 of all nodes at once", "kill -9 of ", " is declared gone ",
                           "all its shards have other owners", "went on elsewhere"})
    EXPECT_THAT(output(), HasSubstr(part));
  EXPECT_THAT(output(), HasSubstr("kill -9 of " + lost + " for good"));
}

TEST_F(demo_scenario, a_show_killed_with_everything_under_it_goes_on_where_it_was) {
  for (const auto& moment : {is_mining, is_in_second_pass, has_lost_a_node}) {
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
  EXPECT_EQ(result.at("kills"), 2);
  EXPECT_NE(output().find("seed 7"), std::string::npos);
}

TEST_F(demo_scenario, an_interrupted_show_stops_its_children_and_is_kept) {
  start();
  ASSERT_TRUE(reach(is_mining)) << output();
  std::vector<pid_t> children;
  for (const auto* program : programs)
    children.push_back(pid_in(program));
  kill(demo, SIGINT);
  EXPECT_EQ(wait_for_end(), 130) << output();
  for (auto child : children)
    EXPECT_EQ(start_ticks(child), 0u);
  EXPECT_EQ(run_to_end({servers, "status", in("servers")}, folder + "/status.log"), 3) << "a server still runs";
  EXPECT_TRUE(parse_state(read_text(in("show.json"))));
}

} // namespace lode::demo
