#include "runtime/console/access_check.hpp"

#include <gtest/gtest.h>

using lode::access_check;

TEST(access_check_test, with_a_token_only_who_carries_it_may_ask) {
  access_check check{"0123456789abcdef"};
  EXPECT_TRUE(check.is_authorised({"Bearer 0123456789abcdef", "any.example", ""}));
  for (auto wrong : {"", "Bearer ", "Bearer 0123456789abcdeX", "Bearer 0123456789abcdef0", "Basic 0123456789abcdef", "0123456789abcdef"})
    EXPECT_FALSE(check.is_authorised({wrong, "127.0.0.1", ""})) << wrong;
}

TEST(access_check_test, without_a_token_the_host_must_be_this_machine) {
  access_check check{""};
  for (auto host : {"127.0.0.1:7788", "localhost:7788", "localhost", "[::1]:7788", "[::1]"})
    EXPECT_TRUE(check.is_authorised({"", host, ""})) << host;
  for (auto host : {"", "rebound.example:7788", "10.0.0.1:7788", "127.0.0.1.example"})
    EXPECT_FALSE(check.is_authorised({"", host, ""})) << host;
}

TEST(access_check_test, without_a_token_web_pages_of_others_are_refused) {
  access_check check{""};
  EXPECT_TRUE(check.is_authorised({"", "127.0.0.1:7788", "http://127.0.0.1:7788"}));
  EXPECT_FALSE(check.is_authorised({"", "127.0.0.1:7788", "http://evil.example"}));
  EXPECT_FALSE(check.is_authorised({"", "127.0.0.1:7788", "null"}));
}

TEST(access_check_test, a_token_file_must_hold_a_long_token) {
  EXPECT_FALSE(lode::read_token_file("/nowhere"));
  EXPECT_FALSE(lode::read_token_file("/dev/null"));
}
