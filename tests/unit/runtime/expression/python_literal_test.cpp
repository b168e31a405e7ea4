#include <gtest/gtest.h>

#include "runtime/expression/python_literal.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode::expression {
namespace {

std::string read(std::string_view text) {
  auto found = read_python_literal(text);
  return found ? to_repr(*found) : "no literal";
}

TEST(python_literals, are_read_like_literal_eval) {
  struct literal_case {
    std::string_view text, expected;
  };
  constexpr literal_case cases[] = {
    {"5", "5"},         {"-5", "-5"},     {"- 5", "-5"},        {"+5", "5"},           {"--5", "no literal"},
    {"00", "0"},        {"007", "no literal"}, {"0_1", "no literal"}, {"1_", "no literal"}, {"1__0", "no literal"},
    {".5", "0.5"},      {"5.", "5.0"},    {"1e999", "inf"},     {"1j", "no literal"},  {"0b101", "5"},
    {"0o17", "15"},     {"(5)", "5"},     {"(1, 2)", "no literal"}, {"5 # c", "5"},    {"\n5", "5"},
    {"5\n", "5"},       {"\n 5", "no literal"}, {"'a' 'b'", "'ab'"}, {"r'a\\n'", "'a\\\\n'"}, {"b'x'", "no literal"},
    {"'\\x41\\u00e4'", "'A\xc3\xa4'"}, {"'''a\nb'''", "'a\\nb'"}, {"'a\nb'", "no literal"}, {"[1, [2,], ]", "[1, [2]]"},
    {"{'a': None,}", "{'a': None}"}, {"{1: 2}", "no literal"}, {"a", "no literal"}, {"1+1", "no literal"}, {"", "no literal"}};
  for (auto [text, expected] : cases)
    EXPECT_EQ(read(text), expected) << text;
}

TEST(python_literals, keep_integers_beyond_64_bits) {
  EXPECT_EQ(read("12345678901234567890123"), "12345678901234567890123");
  EXPECT_EQ(read("0xde0b6b3a7640000de0b6b3a7640000"), "1152921504606846977000000000000000000");
  EXPECT_EQ(read("-9223372036854775808"), "-9223372036854775808");
}

TEST(python_literals, survive_hostile_depth) {
  EXPECT_EQ(read(std::string(100'000, '[')), "no literal");
  EXPECT_EQ(read(std::string(100'000, '(') + "1"), "no literal");
}

TEST(python_repr, chooses_quotes_and_escapes_like_python) {
  EXPECT_EQ(to_repr("it's"), "\"it's\"");
  EXPECT_EQ(to_repr("it's \"q\""), "'it\\'s \"q\"'");
  EXPECT_EQ(to_repr("a\\b\n\t\x01"), "'a\\\\b\\n\\t\\x01'");
  EXPECT_EQ(to_repr("\xe2\x80\x8b\xc3\xa4"), "'\\u200b\xc3\xa4'");
}

TEST(python_repr, prints_floats_like_python) {
  EXPECT_EQ(real_to_text(1.0), "1.0");
  EXPECT_EQ(real_to_text(1e15), "1000000000000000.0");
  EXPECT_EQ(real_to_text(1e16), "1e+16");
  EXPECT_EQ(real_to_text(0.0001), "0.0001");
  EXPECT_EQ(real_to_text(0.00001), "1e-05");
  EXPECT_EQ(real_to_text(1.5e-7), "1.5e-07");
  EXPECT_EQ(real_to_text(-123.456), "-123.456");
  EXPECT_EQ(real_to_text(1e300), "1e+300");
}

} // namespace
} // namespace lode::expression
