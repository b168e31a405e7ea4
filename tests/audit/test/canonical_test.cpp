#include "tests/audit/canonical.hpp"

#include <gtest/gtest.h>

#include "tests/audit/difference.hpp"

namespace audit {
namespace {

std::string canonical(std::string_view text, const ignored_paths& ignored = {}) {
  canonical_maker maker;
  return maker.make(text, ignored) ? std::string{maker.result()} : "error: " + maker.error();
}

TEST(canonical_test, sorts_keys_by_bytes_at_every_level_and_drops_white_space) {
  EXPECT_EQ(canonical(" { \"b\" : [ { \"z\" : 1 , \"a\" : null } , true ] , \"a\" : { } , \"B\" : [ ] } "),
            R"({"B":[],"a":{},"b":[{"a":null,"z":1},true]})");
}

TEST(canonical_test, keeps_numbers_as_they_were_written) {
  EXPECT_EQ(canonical("[1.10,1.1,12e5,1E+2,-0,0.30,123456789012345678901234567890,1e-400]"),
            "[1.10,1.1,12e5,1E+2,-0,0.30,123456789012345678901234567890,1e-400]");
}

TEST(canonical_test, tells_a_number_from_the_same_text) {
  EXPECT_NE(canonical(R"({"a":1.10})"), canonical(R"({"a":"1.10"})"));
}

TEST(canonical_test, of_equal_keys_the_last_one_counts_however_they_are_spelt) {
  EXPECT_EQ(canonical(R"({"a":1,"b":2,"\u0061":3})"), R"({"a":3,"b":2})");
  EXPECT_EQ(canonical(R"({"a":1,"a":2})"), R"({"a":2})");
}

TEST(canonical_test, writes_strings_in_one_way_only) {
  EXPECT_EQ(canonical(R"(["\u00e9\/\t\"\\\u001F\ud83d\ude00"])"), "[\"\u00e9/\\u0009\\\"\\\\\\u001f\U0001F600\"]");
  EXPECT_EQ(canonical("[\"\u00e9\"]"), canonical(R"(["\u00E9"])"));
  EXPECT_EQ(canonical(R"(["a\u0000b"])"), R"(["a\u0000b"])");
}

TEST(canonical_test, keeps_lone_surrogates_as_escapes) {
  EXPECT_EQ(canonical(R"(["\uD800","\uDFFFx","\ude00\ud83d","\ud83d\ud83d\ude00"])"),
            "[\"\\ud800\",\"\\udfffx\",\"\\ude00\\ud83d\",\"\\ud83d\U0001F600\"]");
}

TEST(canonical_test, a_short_escape_at_the_end_behind_a_lone_surrogate_is_read) {
  EXPECT_EQ(canonical(R"(["\ud800\n"])"), R"(["\ud800\u000a"])");
}

TEST(canonical_test, an_escaped_backslash_before_u_is_no_surrogate) {
  EXPECT_EQ(canonical(R"(["\\ud800","\ud800"])"), R"(["\\ud800","\ud800"])");
}

TEST(canonical_test, sorts_by_decoded_bytes_not_by_their_escapes) {
  EXPECT_EQ(canonical(R"({"\"":1,"!":2,"#":3,"\u0001":4})"), R"({"\u0001":4,"!":2,"\"":1,"#":3})");
}

TEST(canonical_test, leaves_ignored_fields_out) {
  ignored_paths ignored{parse_path("seen"), parse_path("links.*.url"), parse_path("tags.1")};
  EXPECT_EQ(canonical(R"({"seen":1,"links":[{"url":"x","id":1},{"id":2,"url":"y"}],"tags":["a","b","c"],"in":{"seen":2}})",
                      ignored),
            R"({"in":{"seen":2},"links":[{"id":1},{"id":2}],"tags":["a","c"]})");
  EXPECT_EQ(canonical(R"({"tags":["a","b"]})", {parse_path("tags.0")}), R"({"tags":["b"]})");
  EXPECT_EQ(canonical(R"({"tags":["a","b"]})", {parse_path("tags.*")}), R"({"tags":[]})");
}

TEST(canonical_test, refuses_what_is_no_json) {
  for (const auto* text : {"", "{", "{\"a\":}", "[01]", "[1]x", "{\"a\":1,}", "nul"})
    EXPECT_TRUE(canonical(text).starts_with("error: ")) << text;
  EXPECT_TRUE(canonical(std::string(100'000, '[')).starts_with("error: "));
}

TEST(canonical_test, a_hash_depends_on_the_seed) {
  EXPECT_EQ(hash_of("{}", 1), hash_of("{}", 1));
  EXPECT_NE(hash_of("{}", 1), hash_of("{}", 2));
}

TEST(difference_test, names_the_field_and_both_values) {
  EXPECT_EQ(first_difference(R"({"a":1,"price":1.1})", R"({"a":1,"price":1.10})"), "price: store 1.1, truth 1.10");
  EXPECT_EQ(first_difference(R"({"a":[{"b":"x"},{"b":"y"}]})", R"({"a":[{"b":"x"},{"b":"z"}]})"),
            R"(a.1.b: store "y", truth "z")");
  EXPECT_EQ(first_difference("{}", "{}"), "");
}

TEST(difference_test, survives_any_pair_of_texts) {
  for (const auto* left : {"{}", "[]", "1", "null", R"({"a":1})", R"({"a":1,"b":2})", R"([1,"a\"b",{}])"})
    for (const auto* right : {"{}", "[]", "1", R"({"b":2})", R"({"a":"1"})", R"([1,"a\"c",{}])"})
      EXPECT_EQ(first_difference(left, right).empty(), std::string_view{left} == right) << left << right;
}

} // namespace
} // namespace audit
