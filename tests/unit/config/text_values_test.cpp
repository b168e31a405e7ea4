#include "config/text_values.hpp"

#include <gtest/gtest.h>

#include "config/listen_address.hpp"

using namespace lode;
using namespace lode::setting_text;
using namespace std::chrono_literals;

TEST(text_values_test, durations_need_a_unit_unless_they_are_zero) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1.5 h"), 90min);
  EXPECT_EQ(parse_duration("0"), 0ms);
  for (auto wrong : {"", "5", "s", "-1s", "1.0001ms", "1e9d", "1..5s", "10 parsecs"})
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
}

TEST(text_values_test, durations_are_written_in_the_largest_exact_unit) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(15min), "15m");
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(0ms), "0s");
}

TEST(text_values_test, sizes_read_what_they_write) {
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1024}, uint64_t{5} << 30, uint64_t{1500}})
    EXPECT_EQ(parse_bytes(format_bytes({bytes})), byte_count{bytes});
  EXPECT_EQ(parse_bytes("8MiB"), 8_MiB);
  for (auto wrong : {"", "MiB", "1.5 MiB", "1 MB", "99999999999 GiB"})
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
}

TEST(text_values_test, the_nearest_name_is_found_only_when_it_is_near) {
  std::vector<std::string> names{"http.connect_timeout", "http.total_timeout"};
  EXPECT_EQ(nearest_name("http.conect_timeout", names), "http.connect_timeout");
  EXPECT_EQ(nearest_name("colour", names), "");
}

TEST(text_values_test, only_loopback_addresses_are_loopback) {
  EXPECT_TRUE(parse_listen_address("127.0.0.1:7788")->is_loopback);
  EXPECT_TRUE(parse_listen_address("127.9.9.9:1")->is_loopback);
  EXPECT_TRUE(parse_listen_address("[::1]:0")->is_loopback);
  EXPECT_TRUE(parse_listen_address("localhost:80")->is_loopback);
  EXPECT_FALSE(parse_listen_address("0.0.0.0:80")->is_loopback);
  EXPECT_FALSE(parse_listen_address("[::]:80")->is_loopback);
  for (auto wrong : {"", "127.0.0.1", "host.example:80", "127.0.0.1:70000", ":80", "::1:80", "127.0.0.1:x"})
    EXPECT_FALSE(parse_listen_address(wrong)) << wrong;
}
