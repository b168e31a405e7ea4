#include "tests/simapi/test/simapi_test.hpp"

#include <csignal>
#include <filesystem>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace simapi::test;

extern char** environ;

/// The program itself, with a state file, so that it can be killed.
struct state : simapi_test {
  state() {
    folder_ = std::filesystem::temp_directory_path() / ("simapi-state-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder_);
  }

  ~state() override {
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
    port = ready.at("port").to_number<uint16_t>();
    control_port = ready.at("control_port").to_number<uint16_t>();
    connection.reset();
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
  std::string whole_truth() { return http_client{control_port}.get("/control/truth").body; }

  std::filesystem::path folder_;
  pid_t program_ = 0;
};

TEST_F(state, the_truth_survives_a_kill) {
  spawn();
  posts("&limit=10");
  orders("&limit=10");
  control_post("/control/mutate", R"({"inserts":5,"edits":20,"deletes":5,"seed":3})");
  contacts("&limit=10");
  auto key = ids(posts("&limit=10"), "data").front();
  auto before = whole_truth();
  kill_and_restart();
  EXPECT_EQ(whole_truth(), before);
  EXPECT_EQ(ids(posts("&limit=10"), "data").front(), key);
  EXPECT_EQ(whole_truth(), before);
}

TEST_F(state, a_restart_takes_the_same_ports) {
  spawn();
  auto before = std::pair{port, control_port};
  kill_and_restart();
  EXPECT_EQ((std::pair{port, control_port}), before);
}

TEST_F(state, clock_limits_faults_and_credentials_survive_a_kill) {
  spawn();
  control_post("/control/clock", R"({"now":1798761600000,"stopped":true})");
  control_post("/control/credentials", R"({"tenant":"shop-002","rotate":true})");
  control_post("/control/limits", R"({"tenant":"crm-001","crm_rotate_refresh_tokens":true})");
  fault(R"({"tenant":"graph-000","kind":"server_error","status":503})");
  refresh();
  auto shop_line = tenant("shop-002"), crm_line = tenant("crm-001");
  kill_and_restart();
  EXPECT_EQ(text_at(control_get("/control/clock"), "/now"), "1798761600000");
  EXPECT_EQ(tenant("shop-002"), shop_line);
  EXPECT_EQ(tenant("crm-001"), crm_line);
  EXPECT_EQ(posts().status, 503);
  EXPECT_EQ(contacts().status, 200); // with the access token of before
}

TEST_F(state, page_tokens_survive_a_kill) {
  spawn();
  auto after = text_at(parse(posts("&limit=5")), "/paging/cursors/after");
  auto page = ids(posts("&limit=5&after=" + after), "data");
  kill_and_restart();
  EXPECT_EQ(ids(posts("&limit=5&after=" + after), "data"), page);
}

TEST_F(state, a_version_that_was_being_sent_when_the_program_died_is_uncertain) {
  spawn();
  fault(R"({"tenant":"graph-000","kind":"stall_mid_body","times":1})");
  http_client client{port};
  client.send("GET " + graph_target("&limit=10") + " HTTP/1.1\r\nHost: any.test\r\n\r\n");
  client.read_body_up_to(100);
  kill_and_restart();
  size_t uncertain = 0;
  for (const auto& line : truth("graph-000", "posts"))
    uncertain += text_at(line, "/uncertain") == "true" && line.at("served").as_array().size() == 1;
  EXPECT_EQ(uncertain, 10u);
  control_post("/control/faults/clear", "{}");
  posts("&limit=10");
  for (const auto& line : truth("graph-000", "posts"))
    EXPECT_FALSE(line.as_object().contains("uncertain"));
}

TEST_F(state, a_torn_entry_at_the_end_is_cut_off) {
  spawn();
  posts("&limit=10");
  auto before = whole_truth();
  kill_program();
  std::ofstream{path("state"), std::ios::app | std::ios::binary} << std::string("\x40\0\0\0I123", 8);
  spawn();
  EXPECT_EQ(whole_truth(), before);
  posts("&limit=100");
  before = whole_truth();
  kill_and_restart();
  EXPECT_EQ(whole_truth(), before);
}

TEST_F(state, a_state_file_of_another_world_is_refused) {
  spawn();
  kill_program();
  EXPECT_THROW(start({"--state", path("state"), "--seed", "8"}), std::runtime_error);
}
