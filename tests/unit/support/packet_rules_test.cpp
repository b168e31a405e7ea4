#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/packet_rules.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;

constexpr ip4_address a{10, 77, 0, 1};
constexpr ip4_address b{10, 77, 0, 2};
constexpr ip4_address c{10, 77, 0, 3};

/// IPv4 and TCP heads without options, and so many bytes of payload.
std::vector<uint8_t> tcp_packet(uint8_t payload) {
  std::vector<uint8_t> out(size_t{40} + payload);
  out[0] = 0x45;
  out[3] = static_cast<uint8_t>(out.size());
  out[9] = 6;
  std::copy(a.begin(), a.end(), out.begin() + 12);
  std::copy(b.begin(), b.end(), out.begin() + 16);
  out[32] = 0x50;
  return out;
}

TEST(packet_rules, a_packet_says_whose_it_is_and_how_much_of_it_a_program_sent) {
  auto head = read_head(tcp_packet(7));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->from, a);
  EXPECT_EQ(head->to, b);
  EXPECT_EQ(head->payload, 7U);
  EXPECT_EQ(read_head(tcp_packet(0))->payload, 0U) << "an acknowledgement";
  auto with_options = tcp_packet(12);
  with_options[32] = 0x80; // 32 bytes of head
  EXPECT_EQ(read_head(with_options)->payload, 0U);
}

TEST(packet_rules, what_is_no_whole_IPv4_packet_is_nobodys) {
  auto cut_off = tcp_packet(7);
  cut_off.pop_back();
  auto of_version_6 = tcp_packet(7);
  of_version_6[0] = 0x65;
  auto without_head = tcp_packet(7);
  without_head[0] = 0x41;
  EXPECT_FALSE(read_head({}));
  EXPECT_FALSE(read_head(cut_off));
  EXPECT_FALSE(read_head(of_version_6));
  EXPECT_FALSE(read_head(without_head));
}

TEST(packet_rules, a_cut_is_of_one_way_and_of_two_addresses_until_it_is_healed) {
  packet_rules rules;
  rules.cut({a, b});
  EXPECT_FALSE(rules.fate_of({a, b}));
  EXPECT_EQ(rules.fate_of({b, a}), 0ms);
  EXPECT_EQ(rules.fate_of({a, c}), 0ms);
  rules.heal();
  EXPECT_EQ(rules.fate_of({a, b}), 0ms);
}

std::vector<bool> luck(packet_rules rules, size_t packets) {
  std::vector<bool> out;
  for (size_t i = 0; i < packets; ++i)
    out.push_back(rules.fate_of({a, b}).has_value());
  return out;
}

TEST(packet_rules, the_wanted_part_is_lost_and_the_same_again_for_the_same_seed) {
  packet_rules rules{7};
  rules.disturb(0.1, 50ms);
  auto arrived = luck(rules, 10'000);
  auto lost = std::count(arrived.begin(), arrived.end(), false);
  EXPECT_GT(lost, 800);
  EXPECT_LT(lost, 1'200);
  EXPECT_EQ(arrived, luck(rules, 10'000));
  packet_rules other{8};
  other.disturb(0.1, 50ms);
  EXPECT_NE(arrived, luck(other, 10'000));
}

TEST(packet_rules, what_is_not_lost_is_late) {
  packet_rules rules;
  rules.disturb(0, 50ms);
  EXPECT_EQ(rules.fate_of({a, b}), 50ms);
  rules.cut({a, b});
  EXPECT_FALSE(rules.fate_of({a, b}));
}

} // namespace
} // namespace lode::test
