#include <gtest/gtest.h>

#include "runtime/expression/json_text.hpp"

namespace lode::expression {
namespace {

std::string round_trip(std::string_view text) {
  auto found = parse_json(text);
  if (!found)
    return found.error().message;
  auto out = to_json(*found);
  return out ? *out : out.error().message;
}

TEST(json_text, keeps_numbers_that_no_double_holds) {
  for (auto text : {"12345678901234567890123", "0.12345678901234567890", "1e400", "-9223372036854775809", "1e-400"})
    EXPECT_EQ(round_trip(text), text);
}

TEST(json_text, reads_ordinary_numbers_as_numbers) {
  EXPECT_TRUE(parse_json("9223372036854775807")->is(kind::integer));
  EXPECT_TRUE(parse_json("1.10")->is(kind::real));
  EXPECT_TRUE(parse_json("0.1")->is(kind::real));
  EXPECT_TRUE(parse_json("12e5")->is(kind::real));
}

TEST(json_text, takes_the_last_of_duplicate_keys) {
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  std::string many = "{";
  for (int i = 0; i < 40; ++i)
    many += "\"k" + std::to_string(i % 20) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  auto found = parse_json(many);
  ASSERT_EQ(found->map().size(), 20u);
  EXPECT_EQ(found->map().find("k0")->integer(), 20);
}

TEST(json_text, reads_escapes_and_surrogates) {
  EXPECT_EQ(parse_json(R"("\u00e4\ud83d\ude00\/\n")")->string(), "\xc3\xa4\xf0\x9f\x98\x80/\n");
  EXPECT_EQ(parse_json(R"("\ud83d")")->string(), "\xef\xbf\xbd");
}

TEST(json_text, refuses_what_is_not_json) {
  for (auto text : {"", "{", "[1,]", "{\"a\"}", "nul", "01", "1.", "\"a", "[1] 2", "{'a':1}", "+1"})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
}

TEST(json_text, writes_like_pythons_dumps_when_asked) {
  auto found = parse_json(R"({"b":[1,2],"a":"\u00e4"})");
  EXPECT_EQ(*to_json(*found, {.compact = false, .ascii = true, .sorted_keys = true}), R"({"a": "\u00e4", "b": [1, 2]})");
}

} // namespace
} // namespace lode::expression
