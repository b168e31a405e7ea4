#include "manifest_text.hpp"

#include "runtime/manifest/parameters.hpp"

namespace lode {
namespace {

std::string propagate(std::string_view text) {
  std::vector<diagnostic> notes;
  return to_json_text(propagate_parameters(read_or_fail(text), "DeclarativeSource.streams", "test.yaml", notes));
}

TEST(parameters, go_down_and_the_nearer_definition_wins) {
  EXPECT_EQ(propagate("{type: A, $parameters: {k: outer, m: 1}, c: {type: B, $parameters: {k: inner}}}"),
            R"({"type":"A","c":{"type":"B","k":"inner","m":1,"$parameters":{"k":"inner","m":1}},"k":"outer","m":1,)"
            R"("$parameters":{"k":"outer","m":1}})");
}

TEST(parameters, lose_to_a_truthy_field_and_overwrite_a_falsy_one) {
  EXPECT_EQ(propagate("{type: A, $parameters: {k: p, e: p}, k: own, e: ''}"),
            R"({"type":"A","k":"own","e":"p","$parameters":{"k":"p","e":"p"}})");
}

TEST(parameters, do_not_enter_the_field_of_their_own_name) {
  EXPECT_EQ(propagate("{type: A, $parameters: {c: p}, c: {type: B}}"),
            R"({"type":"A","c":{"type":"B"},"$parameters":{"c":"p"}})");
}

TEST(parameters, leave_json_schemas_alone) {
  EXPECT_EQ(propagate("{type: A, $parameters: {k: p}, s: {type: object, properties: {}}}"),
            R"({"type":"A","s":{"type":"object","properties":{}},"k":"p","$parameters":{"k":"p"}})");
}

TEST(parameters, come_with_the_types_that_a_place_implies) {
  EXPECT_EQ(propagate("{name: n, retriever: {record_selector: {extractor: {field_path: []}}}}"),
            R"({"name":"n","retriever":{"record_selector":{"extractor":{"field_path":[],"type":"DpathExtractor"},)"
            R"("type":"RecordSelector"},"type":"SimpleRetriever"},"type":"DeclarativeStream"})");
}

TEST(parameters, reach_templates_of_the_component) {
  auto stream = load_stream(manifest_text{.stream = "    $parameters: {resource: things}\n",
                                          .requester = "        request_parameters: {kind: \"{{ parameters['resource'] }}\"}\n"});
  ASSERT_EQ(stream.requester.parameters.size(), 1u);
  expression::context names{{}};
  EXPECT_EQ(*expression::evaluate_text(stream.requester.parameters[0].second, names), "things");
}

} // namespace
} // namespace lode
