#include "runtime/manifest/connection_check.hpp"

#include <gmock/gmock.h>

#include "runtime/expression/json_text.hpp"
#include "runtime/manifest/loader.hpp"

namespace lode {

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* shop = R"({"type":"object","required":["base_url","api_key","start"],"properties":{
  "base_url":{"type":"string","title":"Its own host","examples":["https://api.example.com"]},
  "api_key":{"type":"string","airbyte_secret":true,"pattern":"^key-"},
  "start":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$","examples":["2024-01-01"],"format":"date"},
  "page_size":{"type":"integer","minimum":1,"maximum":100,"default":50},
  "region":{"type":"string","enum":["eu","us"]},
  "is_sandbox":{"type":"boolean"},
  "tags":{"type":"array","items":{"type":"string"}}}})";

constexpr const char* good = R"({"base_url":"https://a.test","start":"2024-01-01"})";
constexpr const char* key = R"({"api_key":"key-hunter2"})";

expression::value value_of(const std::string& text) {
  auto parsed = expression::parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : expression::value{};
}

std::vector<std::string> mistakes(const std::string& schema, const std::string& configuration, const std::string& secrets,
                                  given_part given = given_part::both) {
  return check_connection(value_of(schema), value_of(configuration), value_of(secrets), given);
}

TEST(connection_check_test, what_the_spec_asks_for_is_enough) {
  EXPECT_THAT(mistakes(shop, good, key), IsEmpty());
  EXPECT_THAT(mistakes(shop, R"({"base_url":"https://a.test","start":"2024-01-01","page_size":5.0,"region":"eu","is_sandbox":false,"tags":["x"]})", key), IsEmpty());
}

TEST(connection_check_test, a_source_without_a_spec_asks_for_nothing) {
  EXPECT_THAT(check_connection({}, value_of(R"({"zzz":1})"), {}, given_part::both), IsEmpty());
  EXPECT_THAT(mistakes(R"({"type":"object"})", R"({"zzz":1})", "{}"), IsEmpty());
}

TEST(connection_check_test, what_is_required_is_told_with_the_part_where_it_belongs) {
  EXPECT_THAT(mistakes(shop, "{}", "{}"),
              ElementsAre("configuration: base_url is missing, expected a text, such as \"https://api.example.com\"",
                          "secrets: api_key is missing, expected a text",
                          "configuration: start is missing, expected a text, such as \"2024-01-01\""));
}

TEST(connection_check_test, a_property_may_be_in_either_part) {
  EXPECT_THAT(mistakes(shop, R"({"start":"2024-01-01"})", R"({"base_url":"https://a.test","api_key":"key-1"})"), IsEmpty());
}

TEST(connection_check_test, a_default_is_not_filled_in_and_told_as_what_to_give) {
  EXPECT_THAT(mistakes(R"({"required":["n"],"properties":{"n":{"type":"integer","default":50}}})", "{}", "{}"),
              ElementsAre("configuration: n is missing, expected a whole number: its default 50 is not filled in"));
}

TEST(connection_check_test, all_mistakes_are_told_at_once) {
  EXPECT_THAT(mistakes(shop, R"({"base_ulr":"https://a.test","start":1,"zzz":2})", key),
              ElementsAre("configuration: start is a number, expected a text, in quotes", HasSubstr("configuration: base_url is missing"),
                          "configuration: base_ulr is not declared in the source's spec, did you mean \"base_url\"?",
                          "configuration: zzz is not declared in the source's spec: leave it out, or declare it there"));
}

TEST(connection_check_test, kinds_are_told_with_what_would_be_right) {
  auto of = [](const std::string& more) { return mistakes(shop, R"({"base_url":"https://a.test","start":"2024-01-01",)" + more + "}", key); };
  EXPECT_THAT(of(R"("page_size":"5")"), ElementsAre("configuration: page_size is a text, expected a whole number, without quotes"));
  EXPECT_THAT(of(R"("page_size":1.5)"), ElementsAre(HasSubstr("expected a whole number")));
  EXPECT_THAT(of(R"("page_size":true)"), ElementsAre("configuration: page_size is true, expected a whole number"));
  EXPECT_THAT(of(R"("is_sandbox":"yes")"), ElementsAre("configuration: is_sandbox is a text, expected true or false, without quotes"));
  EXPECT_THAT(of(R"("region":null)"), ElementsAre(HasSubstr("leave the key out")));
  EXPECT_THAT(of(R"("tags":["x",2])"), ElementsAre("configuration: tags[1] is a number, expected a text, in quotes"));
}

TEST(connection_check_test, values_are_held_against_enum_pattern_and_bounds) {
  auto of = [](const std::string& more) { return mistakes(shop, R"({"base_url":"https://a.test",)" + more + "}", key); };
  EXPECT_THAT(of(R"("start":"2024-01-01","region":"asia")"), ElementsAre(R"(configuration: region is "asia", expected one of "eu", "us")"));
  EXPECT_THAT(of(R"("start":"01.01.2024")"), ElementsAre(AllOf(HasSubstr("start is \"01.01.2024\""), HasSubstr("such as \"2024-01-01\""))));
  EXPECT_THAT(of(R"("start":"2024-01-01","page_size":0)"), ElementsAre("configuration: page_size is 0, expected at least 1"));
  EXPECT_THAT(of(R"("start":"2024-01-01","page_size":101)"), ElementsAre("configuration: page_size is 101, expected at most 100"));
}

TEST(connection_check_test, a_secrets_value_is_never_told) {
  auto found = mistakes(shop, good, R"({"api_key":"hunter2"})");
  EXPECT_THAT(found, ElementsAre(AllOf(HasSubstr("secrets: api_key is not as the spec wants it"), Not(HasSubstr("hunter2")))));
  EXPECT_THAT(mistakes(shop, good, R"({"api_key":7})"), ElementsAre(AllOf(HasSubstr("is a number"), Not(HasSubstr("7")))));
  EXPECT_THAT(mistakes(shop, good, R"({"api_key":"key-1","region":"hunter2"})"), ElementsAre(Not(HasSubstr("hunter2"))));
}

TEST(connection_check_test, what_sounds_like_a_secret_is_not_told_wherever_it_is_given) {
  auto found = mistakes(R"({"properties":{"api_token":{"type":"string","enum":["a"]}}})", R"({"api_token":"hunter2"})", "{}");
  EXPECT_THAT(found, ElementsAre(Not(HasSubstr("hunter2"))));
}

TEST(connection_check_test, other_keys_are_taken_where_the_spec_says_so) {
  EXPECT_THAT(mistakes(R"({"additionalProperties":true,"properties":{"a":{"type":"string"}}})", R"({"b":1})", "{}"), IsEmpty());
  EXPECT_THAT(mistakes(R"({"patternProperties":{"^x":{}},"properties":{"a":{"type":"string"}}})", R"({"xb":1})", "{}"), IsEmpty());
}

TEST(connection_check_test, of_new_secrets_only_what_they_say_is_judged) {
  const auto* old = R"({"base_url":1,"start":"2024-01-01","gone":true})";
  EXPECT_THAT(mistakes(shop, old, key, given_part::secrets), IsEmpty());
  EXPECT_THAT(mistakes(shop, old, R"({"api_kye":"key-1"})", given_part::secrets),
              ElementsAre(HasSubstr("secrets: api_key is missing"), HasSubstr("did you mean \"api_key\"?")));
}

TEST(connection_check_test, new_secrets_are_not_kept_out_by_what_the_configuration_lacks) {
  EXPECT_THAT(mistakes(shop, "{}", key, given_part::secrets), IsEmpty());
}

TEST(connection_check_test, a_new_configuration_needs_all_that_the_stored_secrets_lack) {
  EXPECT_THAT(mistakes(shop, good, "{}", given_part::configuration), ElementsAre(HasSubstr("secrets: api_key is missing")));
}

TEST(connection_check_test, of_a_new_configuration_the_stored_secrets_are_not_judged_again) {
  EXPECT_THAT(mistakes(shop, good, R"({"api_key":"key-1","access_token":"by the node"})", given_part::configuration), IsEmpty());
}

constexpr const char* alternatives = R"({"required":["auth"],"properties":{"auth":{"type":"object","oneOf":[
  {"required":["kind","token"],"properties":{"kind":{"type":"string","const":"token"},"token":{"type":"string","airbyte_secret":true}}},
  {"required":["kind","user"],"properties":{"kind":{"type":"string","const":"basic"},"user":{"type":"string"}}}]}}})";

TEST(connection_check_test, one_of_the_alternatives_must_fit) {
  EXPECT_THAT(mistakes(alternatives, "{}", R"({"auth":{"kind":"token","token":"t"}})"), IsEmpty());
  EXPECT_THAT(mistakes(alternatives, R"({"auth":{"kind":"basic","user":"u"}})", "{}"), IsEmpty());
  EXPECT_THAT(mistakes(alternatives, R"({"auth":{"kind":"basic"}})", "{}"), ElementsAre(HasSubstr("configuration: auth.user is missing")));
  EXPECT_THAT(mistakes(alternatives, R"({"auth":{"kind":"none"}})", "{}"), ElementsAre(HasSubstr("an object with kind \"token\" or kind \"basic\"")));
  EXPECT_THAT(mistakes(alternatives, R"({"auth":{"kind":"basic","user":"u","usr":1}})", "{}"), ElementsAre(HasSubstr("configuration: auth.usr is not declared")));
}

TEST(connection_check_test, a_secret_within_an_alternative_belongs_to_the_secrets) {
  EXPECT_THAT(mistakes(alternatives, "{}", "{}"), ElementsAre(HasSubstr("secrets: auth is missing, expected an object")));
}

TEST(connection_check_test, what_is_not_known_is_not_checked) {
  EXPECT_THAT(mistakes(R"~({"properties":{"a":{"type":"strnig","format":"uri","pattern":"(?=x)","if":{},"maxLength":1,"$comment":1}}})~", R"({"a":"no"})", "{}"), IsEmpty());
  EXPECT_THAT(mistakes(R"({"properties":{"a":7,"b":[]},"required":"a"})", R"({"a":1,"b":2})", "{}"), IsEmpty());
}

/// Tests run in the root of the repository.
TEST(connection_check_test, the_example_sources_name_what_their_connections_lack) {
  for (const std::string name : {"shop", "crm", "graph"}) {
    auto loaded = load_manifest("config/examples/sources/" + name + ".yaml", {});
    ASSERT_TRUE(loaded.plan) << name;
    EXPECT_THAT(check_connection(loaded.plan->connection_schema, {}, {}, given_part::both), Not(IsEmpty())) << name;
  }
}

} // namespace

} // namespace lode
