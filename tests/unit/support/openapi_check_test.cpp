#include "tests/support/openapi_check.hpp"

#include <gmock/gmock.h>

namespace lode::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto document = R"({
  "paths": {
    "/things": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/things"}}}}}}},
    "/things/{thing}": {"get": {"responses": {"200": {"content": {"text/plain": {"schema": {"type": "string"}}}}, "404": {"$ref": "#/components/responses/error"}}},
                        "delete": {"responses": {"204": {}}}}
  },
  "components": {
    "responses": {"error": {"content": {"application/problem+json": {"schema": {"type": "object", "required": ["code"]}}}}},
    "schemas": {"things": {"type": "object", "required": ["things"], "additionalProperties": false, "properties": {
      "things": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {
        "name": {"type": "string", "enum": ["a", "b"]}, "size": {"type": "number", "nullable": true}, "number": {"type": "integer"}}}},
      "next": {"oneOf": [{"type": "string"}, {"type": "boolean"}]},
      "all": {"nullable": true, "allOf": [{"type": "object", "required": ["x"]}]}}}}
  }})";

std::vector<std::string> judge(std::string body, int status = 200, std::string media = "application/json", std::string path = "/things?x=/y",
                               std::string method = "GET") {
  static const openapi_check check{document};
  return check.judge({std::move(method), std::move(path), status, std::move(media), std::move(body)});
}

TEST(openapi_check_test, an_answer_as_described_is_right) {
  EXPECT_THAT(judge(R"({"things":[{"name":"a","size":null,"number":1},{"size":0.5}],"next":true,"all":null})"), IsEmpty());
  EXPECT_THAT(judge("text", 200, "text/plain; charset=utf-8", "/things/x"), IsEmpty());
  EXPECT_THAT(judge("", 204, "", "/things/x", "DELETE"), IsEmpty());
}

TEST(openapi_check_test, each_deviation_is_told_with_its_place) {
  EXPECT_THAT(judge("{}"), ElementsAre(HasSubstr("lacks things")));
  EXPECT_THAT(judge(R"({"things":[]})"), ElementsAre(HasSubstr("/things has 0 items")));
  EXPECT_THAT(judge(R"({"things":[{"name":"c"}],"more":1})"),
              ElementsAre(HasSubstr("/things/0/name: \"c\" is none of"), HasSubstr("/more is not described")));
  EXPECT_THAT(judge(R"({"things":[{"number":1.5,"name":null}]})"),
              ElementsAre(HasSubstr("/things/0/number: 1.5E0 is no integer"), HasSubstr("/things/0/name: null is no string")));
  EXPECT_THAT(judge(R"({"things":[{}],"next":1})"), ElementsAre(HasSubstr("/next: 1 fits 0 of oneOf")));
  EXPECT_THAT(judge(R"({"things":[{}],"all":{}})"), ElementsAre(HasSubstr("/all lacks x")));
  EXPECT_THAT(judge("not JSON"), ElementsAre(HasSubstr("no JSON")));
}

TEST(openapi_check_test, statuses_and_media_types_are_described_too) {
  EXPECT_THAT(judge("{}", 201), ElementsAre(HasSubstr("does not speak of this status")));
  EXPECT_THAT(judge("{}", 409), ElementsAre(HasSubstr("does not speak of this status")));
  EXPECT_THAT(judge("{}", 200, "text/html"), ElementsAre(HasSubstr("media type")));
  EXPECT_THAT(judge("", 200, "", "/nothing"), ElementsAre(HasSubstr("does not speak")));
}

TEST(openapi_check_test, refusals_are_problems_everywhere) {
  EXPECT_THAT(judge(R"({"code":"x"})", 404, "application/problem+json", "/nothing"), IsEmpty());
  EXPECT_THAT(judge(R"({"code":"x"})", 401, "application/problem+json"), IsEmpty());
  EXPECT_THAT(judge(R"({"error":"x"})", 401, "application/problem+json"), ElementsAre(HasSubstr("lacks code")));
  EXPECT_THAT(judge(R"({"code":"x"})", 404, "application/json", "/things/x"), ElementsAre(HasSubstr("media type")));
}

} // namespace
} // namespace lode::test
