#include <gtest/gtest.h>

#include "runtime/cli/demo/progress_lines.hpp"

namespace lode::demo {

namespace {

const progress half{.title = "First pass", .tenants_done = 250, .tenants = 500, .records = 150'000, .records_expected = 300'000,
                    .calls_per_second = 700, .most_calls_per_second = 1'400, .waiting_for_quota = 12};

progress with_nodes() {
  auto out = half;
  out.nodes = {{"n1", true, 2'048, 12}, {"n2", false, 0, 0, "killed 3.2 s", "30 of 120 wait", 0.25}, {"n3", true, 2'048, 9}};
  return out;
}

size_t columns(const std::string& text) {
  size_t out = 0;
  for (unsigned char c : text)
    out += (c & 0xC0) != 0x80;
  return out;
}

size_t count(const std::string& text, const std::string& part) {
  size_t out = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
    ++out;
  return out;
}

} // namespace

TEST(progress, half_of_the_tenants_is_half_a_bar) {
  auto lines = render_bars(half, {80, false, false});
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(count(lines[1], "#"), count(lines[1], "."));
  EXPECT_NE(lines[1].find("250 of 500"), std::string::npos);
  EXPECT_NE(lines[2].find("150,000 of 300,000"), std::string::npos);
  EXPECT_NE(lines[4].find("12"), std::string::npos);
}

TEST(progress, no_line_is_wider_than_the_terminal) {
  for (size_t width : {1u, 2u, 5u, 20u, 40u, 60u, 80u, 200u})
    for (bool utf8 : {false, true})
      for (const auto& line : render_bars(half, {width, false, utf8}))
        EXPECT_LT(columns(line), std::max<size_t>(width, 2)) << width << ": " << line;
}

TEST(progress, each_node_has_a_line_with_its_part_of_the_shards) {
  auto lines = render_bars(with_nodes(), {80, false, false});
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_NE(lines[5].find("n1 "), std::string::npos);
  EXPECT_NE(lines[5].find("2,048 shards, 12 runs"), std::string::npos);
  EXPECT_EQ(count(lines[5], "#"), count(lines[5], "."));
  EXPECT_NE(lines[6].find("n2 killed 3.2 s"), std::string::npos);
  EXPECT_NE(lines[6].find("30 of 120 wait"), std::string::npos);
  EXPECT_EQ(3 * count(lines[6], "#"), count(lines[6], "."));
}

TEST(progress, lines_of_nodes_are_no_wider_than_the_terminal) {
  for (size_t width : {1u, 5u, 20u, 40u, 60u, 80u, 200u})
    for (const auto& line : render_bars(with_nodes(), {width, false, true}))
      EXPECT_LT(columns(line), std::max<size_t>(width, 2)) << width << ": " << line;
}

TEST(progress, without_colours_there_is_no_escape_sequence) {
  for (const auto& line : render_bars(half, {80, false, true}))
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

TEST(progress, a_bar_never_overflows) {
  auto more = half;
  more.tenants_done = 5'000;
  EXPECT_EQ(render_bars(more, {80, false, false})[1].find('.'), std::string::npos);
}

TEST(progress, what_nobody_knows_is_not_shown_as_a_whole) {
  auto unknown = half;
  unknown.records_expected = 0;
  auto line = render_bars(unknown, {80, false, false})[2];
  EXPECT_EQ(line.find(" of "), std::string::npos);
  EXPECT_EQ(line.find('#'), std::string::npos);
}

TEST(progress, a_plain_line_says_it_all) {
  EXPECT_EQ(render_line(half), "First pass: 250 of 500 tenants done, 150,000 records, 700 calls/s, 12 waiting for quota");
}

TEST(progress, a_plain_line_tells_of_the_nodes) {
  auto line = render_line(with_nodes());
  EXPECT_NE(line.find("; shards n1 2,048, n2 killed 3.2 s (30 of 120 wait), n3 2,048"), std::string::npos) << line;
}

TEST(progress, seconds_read_as_minutes) {
  EXPECT_EQ(clock_text(0.9), "0:00");
  EXPECT_EQ(clock_text(65), "1:05");
}

TEST(progress, clipping_counts_characters_not_bytes) {
  EXPECT_EQ(clip("äöü", 2), "äö");
  EXPECT_EQ(clip("abc", 9), "abc");
}

} // namespace lode::demo
