#include "runtime/security/secret_mask.hpp"

#include <gmock/gmock.h>

#include "runtime/base64.hpp"

namespace lode {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string secret = "s3cr&t w/\"ord";

TEST(secret_mask, a_secret_is_found_however_it_is_written) {
  secret_mask mask{{secret}};
  EXPECT_EQ(mask.apply("a " + secret + " b"), "a *** b");
  EXPECT_EQ(mask.apply("?q=s3cr%26t%20w%2F%22ord&x=1"), "?q=***&x=1");
  EXPECT_EQ(mask.apply("?q=s3cr%26t+w%2f%22ord&x=1"), "?q=***&x=1");
  EXPECT_EQ(mask.apply("?q=%73%33cr%26t+w/%22ord"), "?q=***");
  EXPECT_EQ(mask.apply(R"({"echo":"s3cr&t w\/\"ord"})"), R"({"echo":"***"})");
  EXPECT_EQ(mask.apply(R"({"echo":"s3cr\u0026t w/\u0022ord"})"), R"({"echo":"***"})");
}

TEST(secret_mask, in_base64_amid_other_text_too) {
  secret_mask mask{{secret}};
  for (const std::string before : {"", "u", "us", "usr", "user:"}) {
    const auto text = base64_encode(before + secret + ":more");
    const auto shown = mask.apply("Basic " + text);
    EXPECT_THAT(shown, HasSubstr("***")) << before;
    EXPECT_THAT(shown, Not(HasSubstr(text.substr(text.size() / 2, 6)))) << shown;
  }
}

TEST(secret_mask, a_short_one_is_masked_where_it_stands_alone) {
  secret_mask mask{{"7", "abc"}};
  EXPECT_EQ(mask.apply("pin=7 at 17:07, abc, abcd"), "pin=*** at 17:07, ***, abcd");
}

TEST(secret_mask, the_longest_counts_and_no_secrets_are_fine) {
  EXPECT_EQ((secret_mask{{"token", "token-of-all"}}).apply("token-of-all token"), "*** ***");
  EXPECT_EQ(secret_mask{{}}.apply("text"), "text");
  EXPECT_EQ(secret_mask{{""}}.apply("text"), "text");
}

TEST(secret_mask, an_excerpt_shows_no_part_of_a_secret_wherever_it_is_cut) {
  const std::string long_secret = "0123456789-abcdefghij-0123456789-abcdefghij";
  secret_mask mask{{long_secret}};
  for (size_t before = 0; before < 400; ++before) {
    // What is masked makes room for what would stand behind the cut.
    auto text = std::string(before, '.') + long_secret + std::string(3, '.') + long_secret + std::string(5'000, '.');
    const auto shown = mask.excerpt(text, 100);
    EXPECT_LE(shown.size(), 100u);
    ASSERT_THAT(shown, Not(HasSubstr("01234"))) << before;
  }
}

TEST(secret_mask, an_excerpt_is_redacted_too) {
  secret_mask mask{{"hunter22"}};
  EXPECT_EQ(mask.excerpt(R"({"access_token":"unknown-to-us","x":"hunter22"})", 100), R"({"access_token":"***","x":"***"})");
}

} // namespace
} // namespace lode
