#include "runtime/base64.hpp"

#include <gtest/gtest.h>

#include <vector>

using namespace lode;

TEST(base64_test, what_was_encoded_is_decoded) {
  const std::vector<std::pair<std::string, std::string>> cases{
    {"", ""}, {"a", "YQ=="}, {"ab", "YWI="}, {"user:pass", "dXNlcjpwYXNz"}, {std::string("\0\xff", 2), "AP8="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes) << text;
  }
}

TEST(base64_test, everything_else_is_refused) {
  for (auto text : {"Y", "YQ=", "YR==", "A=A=", "====", "YQ==\n", " YQ==", "YQ-_", "Y Q="})
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}
