#include "manifest_text.hpp"

namespace lode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(loader, gives_every_stream_the_nodes_retries_beside_its_own_rules) {
  manifest_setup setup;
  setup.retries = {2, std::chrono::milliseconds{10}, std::chrono::milliseconds{20}};
  auto text = std::string{manifest_text{.requester = "        error_handler: {type: DefaultErrorHandler, max_retries: 7}\n"}};
  auto plan = load_manifest_text(text, "test.yaml", setup).plan;
  ASSERT_TRUE(plan);
  const auto& rules = plan->streams.at(0).error_rules;
  EXPECT_EQ(rules.defaults.retries, 2u);
  EXPECT_EQ(rules.defaults.longest, std::chrono::milliseconds{20});
  EXPECT_EQ(rules.handlers.at(0).max_retries, 7u);
}

TEST(manifest_loader, names_the_plan_after_the_file_and_hashes_its_text) {
  auto one = load_manifest_text(std::string{manifest_text{}}, "/etc/sources/shop.yaml");
  auto two = load_manifest_text(std::string{manifest_text{}} + "# a comment\n", "/etc/sources/shop.yaml");
  ASSERT_TRUE(one.plan && two.plan);
  EXPECT_EQ(one.plan->name, "shop");
  EXPECT_EQ(one.plan->version, "6.0.0");
  EXPECT_NE(one.plan->hash, two.plan->hash);
}

TEST(manifest_loader, reports_all_mistakes_with_line_and_path) {
  auto loaded = load(manifest_text{
    .stream = "    incremental_sync: {type: DatetimeBasedCursor, cursor_field: at, datetime_format: '%s', start_datetime: '0', step: P1D}\n",
    .retriever = "      paginator: {type: DefaultPaginator, pagination_strategy: {type: CursorPagination}}\n",
    .requester = "        http_method: FETCH\n        request_headers: {X: \"{{ record.id }}\"}\n",
    .top = "colour: blue\n"});
  EXPECT_FALSE(loaded.plan);
  EXPECT_THAT(
    messages(loaded),
    ElementsAre(
      HasSubstr("test.yaml:4: error: #/colour: unknown top-level key 'colour'; allowed: type, version"),
      "test.yaml:9: error: #/streams/0/incremental_sync/step: 'step' and 'cursor_granularity' go together: give both or neither",
      "test.yaml:13: error: #/streams/0/retriever/paginator/pagination_strategy: CursorPagination needs 'cursor_value'",
      "test.yaml:18: error: #/streams/0/retriever/requester/http_method: expected GET, POST, PUT, PATCH, DELETE or HEAD, found 'FETCH'",
      "test.yaml:19: error: #/streams/0/retriever/requester/request_headers/X: column 4: unknown name 'record'; known here: config, "
      "stream_slice, stream_partition, stream_interval, next_page_token, parameters in '{{ record.id }}'"));
}

TEST(manifest_loader, runs_the_supported_streams_of_a_manifest_with_others) {
  auto text = std::string{manifest_text{}} + R"(  - type: DeclarativeStream
    name: exports
    retriever: {type: AsyncRetriever}
  - type: DeclarativeStream
    name: xml
    retriever:
      type: SimpleRetriever
      decoder: {type: XmlDecoder}
      requester: {type: HttpRequester, url_base: "https://x", path: "{{ config.x | wordwrap }}"}
      record_selector: {extractor: {field_path: []}}
)";
  auto loaded = load(text);
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  EXPECT_NE(loaded.plan->find("items"), nullptr);
  ASSERT_EQ(loaded.plan->unsupported.size(), 2u);
  EXPECT_EQ(loaded.plan->unsupported[0].name, "exports");
  EXPECT_EQ(to_string(loaded.plan->unsupported[0].reasons[0]),
            "test.yaml:17: unsupported: #/streams/1/retriever/type: 'AsyncRetriever' is not supported; supported here: SimpleRetriever");
  ASSERT_EQ(loaded.plan->unsupported[1].reasons.size(), 2u);
  EXPECT_THAT(loaded.plan->unsupported[1].reasons[0].message, HasSubstr("unknown filter 'wordwrap'; known: string, int"));
  EXPECT_THAT(loaded.plan->unsupported[1].reasons[1].message, HasSubstr("'XmlDecoder' is not supported"));
}

TEST(manifest_loader, tells_one_mistake_in_a_shared_definition_once) {
  auto text = R"(version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [a]}
definitions:
  retriever:
    type: SimpleRetriever
    requester: {type: HttpRequester, url_base: "{{ nowhere }}"}
    record_selector: {extractor: {field_path: []}}
streams:
  - {type: DeclarativeStream, name: a, retriever: "#/definitions/retriever"}
  - {type: DeclarativeStream, name: b, retriever: "#/definitions/retriever"}
)";
  EXPECT_EQ(load(text).notes.size(), 1u);
}

TEST(manifest_loader, refuses_what_is_no_manifest) {
  for (auto text : {"", "[]", "5", "a: b", "streams: 5\nversion: 1\ntype: DeclarativeSource\ncheck: {}"})
    EXPECT_TRUE(load(text).has_errors()) << text;
  auto missing = load_manifest("/nonexistent/x.yaml");
  ASSERT_EQ(missing.notes.size(), 1u);
  EXPECT_EQ(to_string(missing.notes[0]), "/nonexistent/x.yaml: error: #: the file can't be read");
}

TEST(manifest_loader, refuses_two_streams_of_one_name_and_a_check_of_none) {
  auto text = std::string{manifest_text{}};
  text += text.substr(text.find("  - type: DeclarativeStream"));
  EXPECT_THAT(messages(load(text)), ElementsAre(HasSubstr("two streams have the name 'items'")));
  auto other = std::string{manifest_text{}};
  other.replace(other.find("[items]"), 7, "[other]");
  EXPECT_THAT(messages(load(other)), ElementsAre(HasSubstr("there is no stream 'other'")));
}

TEST(manifest_loader, finds_secret_fields_at_any_depth) {
  auto loaded = load(manifest_text{.top = R"(spec:
  type: Spec
  connection_specification:
    type: object
    properties:
      key: {type: string, airbyte_secret: true}
      credentials:
        oneOf:
          - properties: {token: {type: string, airbyte_secret: true}, kind: {type: string}}
          - properties: {password: {type: string, airbyte_secret: true}}
)"});
  ASSERT_TRUE(loaded.plan);
  EXPECT_THAT(loaded.plan->secret_fields,
              ElementsAre(field_path{"key"}, field_path{"credentials", "token"}, field_path{"credentials", "password"}));
}

} // namespace
} // namespace lode
