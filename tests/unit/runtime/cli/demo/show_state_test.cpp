#include <gtest/gtest.h>

#include "runtime/cli/demo/show_state.hpp"

namespace lode::demo {

TEST(show_state, survives_being_written_and_read) {
  show_state state;
  state.seed = 0xffff'ffff'ffff'ffff;
  state.tenants = 12;
  state.first_day = "2026-01-01T00:00:00Z";
  state.phase = show_phase::second_pass;
  state.is_mutated = true;
  state.last_run_of_first_pass = 512;
  state.api_port = 40'123;
  state.kills = 1;
  state.recovery_seconds = 2.75;
  state.cpu_seconds = 3;
  state.lost_node = "n2";
  state.is_taken_over = true;
  state.takeover_seconds = 6.5;
  auto read = parse_state(to_json(state));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(state));
  EXPECT_EQ(read->seed, state.seed);
  EXPECT_EQ(read->phase, show_phase::second_pass);
  EXPECT_DOUBLE_EQ(read->recovery_seconds, 2.75);
  EXPECT_DOUBLE_EQ(read->cpu_seconds, 3);
  EXPECT_EQ(read->lost_node, "n2");
  EXPECT_TRUE(read->is_taken_over);
}

TEST(show_state, half_a_file_is_no_show) {
  auto text = to_json(show_state{});
  EXPECT_FALSE(parse_state(text.substr(0, text.size() / 2)));
  EXPECT_FALSE(parse_state(""));
  EXPECT_FALSE(parse_state("{}"));
  EXPECT_FALSE(parse_state("[1]"));
}

TEST(show_state, a_phase_that_does_not_exist_is_no_show) {
  auto text = to_json(show_state{});
  auto at = text.find("\"phase\":0");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 9, "\"phase\":9");
  EXPECT_FALSE(parse_state(text));
}

} // namespace lode::demo
