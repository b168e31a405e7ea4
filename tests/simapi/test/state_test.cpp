#include "tests/simapi/test/killable.hpp"

using namespace simapi::test;

using state = killable<simapi_test>;

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
