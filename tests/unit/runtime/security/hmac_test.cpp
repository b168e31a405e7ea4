#include "runtime/security/hmac.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lode {

namespace {

std::string sign(hmac_hash hash, std::string_view key, std::string_view text) {
  return hmac(hash, key, std::array{text});
}

} // namespace

TEST(hmac_test, gives_the_answers_of_rfc_4231_and_rfc_2202) {
  EXPECT_EQ(sign(hmac_hash::sha256, std::string(20, '\x0b'), "Hi There"),
            from_hexadecimal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
  EXPECT_EQ(sign(hmac_hash::sha256, "Jefe", "what do ya want for nothing?"),
            from_hexadecimal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  EXPECT_EQ(sign(hmac_hash::sha256, std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            from_hexadecimal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
  EXPECT_EQ(sign(hmac_hash::sha1, std::string(20, '\x0b'), "Hi There"),
            from_hexadecimal("b617318655057264e28bc0b6fb378c8ef146be00"));
  EXPECT_EQ(sign(hmac_hash::sha1, "Jefe", "what do ya want for nothing?"),
            from_hexadecimal("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
  EXPECT_EQ(sign(hmac_hash::sha256, "", ""), from_hexadecimal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

TEST(hmac_test, signs_pieces_as_the_text_that_they_are) {
  constexpr std::array<std::string_view, 4> pieces{"what do ya ", "", "want for", " nothing?"};
  EXPECT_EQ(hmac(hmac_hash::sha256, "Jefe", pieces), sign(hmac_hash::sha256, "Jefe", "what do ya want for nothing?"));
}

TEST(hmac_test, compares_all_bytes_and_the_length) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time(std::string_view{"a\0b", 3}, std::string_view{"a\0b", 3}));
  EXPECT_FALSE(equal_in_constant_time(std::string_view{"a\0b", 3}, std::string_view{"a\0c", 3}));
  EXPECT_FALSE(equal_in_constant_time("ab", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "a"));
}

TEST(hmac_test, reads_digits_of_either_case_and_nothing_else) {
  EXPECT_EQ(from_hexadecimal("00fFa9"), (std::string{"\x00\xff\xa9", 3}));
  for (auto text : {"0", "0g", "0x", " 1", "-1"})
    EXPECT_EQ(from_hexadecimal(text), "") << text;
}

} // namespace lode
