#include "evaluate_text.hpp"

namespace lode::expression {
namespace {

failure parse_failure(std::string_view text) {
  constexpr std::string_view names[] = {"config", "response"};
  auto code = program::parse(text, {names, {}});
  EXPECT_FALSE(code) << text;
  return code ? failure{} : code.error();
}

TEST(template_errors, name_the_column_and_what_was_expected) {
  auto why = parse_failure("ab{{ config.a + }}");
  EXPECT_EQ(why.column, 17u);
  EXPECT_EQ(why.message, "expected a value, found the end of the expression in 'ab{{ config.a + }}'");
  EXPECT_EQ(parse_failure("{{ config.a").message, "the expression is not closed: expected '}}' in '{{ config.a'");
  EXPECT_EQ(parse_failure("{{ config.a config }}").column, 13u);
}

TEST(template_errors, list_the_known_names) {
  auto why = parse_failure("{{ record.id }}");
  EXPECT_EQ(why.message, "unknown name 'record'; known here: config, response, parameters in '{{ record.id }}'");
  EXPECT_FALSE(why.is_unsupported);
}

TEST(template_errors, list_the_known_functions_and_call_them_unsupported) {
  auto why = parse_failure("{{ json_loads(config.a) }}");
  EXPECT_TRUE(why.is_unsupported);
  EXPECT_NE(why.message.find("unknown function 'json_loads'; known: now_utc, today_utc"), std::string::npos);
  EXPECT_TRUE(parse_failure("{{ config.a | wordwrap }}").is_unsupported);
  EXPECT_TRUE(parse_failure("{{ config.l.append(1) }}").is_unsupported);
  EXPECT_TRUE(parse_failure("{% if config.a %}x{% endif %}").is_unsupported);
}

TEST(template_errors, check_arguments_when_parsing) {
  EXPECT_NE(parse_failure("{{ day_delta() }}").message.find("needs the argument 'num_days'"), std::string::npos);
  EXPECT_NE(parse_failure("{{ day_delta(1, 2, 3) }}").message.find("too many arguments"), std::string::npos);
  EXPECT_NE(parse_failure("{{ day_delta(1, zone=3) }}").message.find("no argument 'zone'"), std::string::npos);
}

TEST(template_errors, are_values_where_python_raises) {
  for (auto text : {"{{ 1 + 'a' }}", "{{ 1 / 0 }}", "{{ 'a' < 1 }}", "{{ 9223372036854775807 + 1 }}",
                    "{{ 'x' | base64decode }}", "{{ duration('1 day') }}", "{{ 'a' | regex_search('(') }}"})
    EXPECT_EQ(evaluate_to_repr(text).substr(0, 8), "failure:") << text;
}

TEST(template_errors, bound_depth_and_size) {
  auto nested = "{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}";
  EXPECT_NE(parse_failure(nested).message.find("nested too deeply"), std::string::npos);
  std::string chain = "{{ 1";
  for (int i = 0; i < 5000; ++i)
    chain += "+1";
  EXPECT_NE(parse_failure(chain + " }}").message.find("too deep"), std::string::npos);
  EXPECT_EQ(evaluate_to_repr("{{ 'abcdefgh' * 1000000 }}").substr(0, 8), "failure:");
  EXPECT_NE(parse_failure(std::string(70'000, 'x')).message.find("70000 bytes"), std::string::npos);
}

} // namespace
} // namespace lode::expression
