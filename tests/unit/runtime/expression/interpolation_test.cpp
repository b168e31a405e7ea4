#include "evaluate_text.hpp"

namespace lode::expression {
namespace {

bool condition(std::string_view text) {
  auto code = program::parse(text);
  EXPECT_TRUE(code) << text;
  auto held = evaluate_condition(*code, test_context());
  EXPECT_TRUE(held) << text;
  return held && *held;
}

std::string entry(std::string_view text, literals allowed) {
  auto code = program::parse(text);
  auto found = evaluate_entry(*code, test_context(), allowed);
  return found ? to_repr(*found) : found.error().message;
}

TEST(interpolated_text, is_read_as_a_python_literal) {
  expect_all({{"5", "5"}, {"True", "True"}, {"None", "None"}, {"[1, 2]", "[1, 2]"}, {"{'a': 1}", "{'a': 1}"},
              {"1_000", "1000"}, {"0x10", "16"}, {"true", "'true'"}, {"null", "'null'"}, {"007", "'007'"},
              {"1.10", "1.1"}, {"12e5", "1200000.0"}, {" 5", "5"}, {"'x'", "'x'"}, {"2022-11-28", "'2022-11-28'"}});
}

TEST(interpolated_text, sends_a_version_header_the_way_python_prints_it) {
  auto code = program::parse("1.10");
  EXPECT_EQ(*evaluate_text(*code, test_context()), "1.1");
}

TEST(interpolated_text, is_empty_for_a_missing_key_and_none_for_a_missing_get) {
  expect_all({{"{{ config.missing }}", "''"}, {"{{ config.get('missing') }}", "None"}, {"{{ config.empty }}", "''"}});
}

TEST(interpolated_text, fails_for_an_attribute_of_a_missing_value) {
  EXPECT_EQ(evaluate_to_repr("{{ response.a.b }}"),
            "failure: 'a' has no value, so '.b' can't be read in '{{ response.a.b }}'");
}

TEST(interpolated_text, keeps_the_digits_of_numbers_that_no_double_holds) {
  expect_all({{"{{ config.big }}", "12345678901234567890123"},
              {"{{ config.exact }}", "0.12345678901234567890"},
              {"{{ [config.exact] }}", "[0.12345678901234567890]"}});
}

TEST(interpolated_condition, is_false_for_the_listed_spellings_only) {
  for (auto text : {"{{ False }}", "False", "false", "", "0", "0.0", "{}", "[]", "()", "set()", "{{ {} }}", "{{ [] }}",
                    "{{ 0 }}", "{{ 0.0 }}", "{{ '' }}", "{{ 'false' }}", "{{ config.missing }}", "{{ response.a.b }}"})
    EXPECT_FALSE(condition(text)) << text;
  for (auto text : {"{{ True }}", "None", "{{ None }}", "no", "off", "00", "{{ 'x' }}", "{{ 1 }}", "{{ [0] }}"})
    EXPECT_EQ(condition(text), std::string_view{text} != "00") << text;
}

TEST(interpolated_condition, stops_when_get_finds_nothing) {
  EXPECT_TRUE(condition("{{ response.get('next') }}"));
}

TEST(interpolated_entry, is_left_out_when_empty_or_undefined) {
  for (auto text : {"{{ config.missing }}", "{{ config.empty }}", "{{ config.missing.deeper }}"})
    EXPECT_EQ(entry(text, literals::all), "None") << text;
}

TEST(interpolated_entry, keeps_numbers_as_text_where_only_text_and_lists_are_allowed) {
  EXPECT_EQ(entry("{{ config.n }}", literals::text_and_list), "'5'");
  EXPECT_EQ(entry("123", literals::text_and_list), "'123'");
  EXPECT_EQ(entry("[1, 2]", literals::text_and_list), "[1, 2]");
  EXPECT_EQ(entry("None", literals::text_and_list), "'None'");
}

TEST(interpolated_entry, takes_any_type_in_a_json_body) {
  EXPECT_EQ(entry("123", literals::all), "123");
  EXPECT_EQ(entry("{{ config.d }}", literals::all), "{'k': 'v', 'e': {}}");
}

} // namespace
} // namespace lode::expression
