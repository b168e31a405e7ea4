#include "examples/graphql/graphql_pages.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "messages/error.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/lint.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/manifest/yaml_reader.hpp"
#include "runtime/registry.hpp"

namespace lode::examples {

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string query = "query ($first: Int!, $after: String) { viewer { contacts(first: $first, after: $after) "
                          "{ edges { node { id } } pageInfo { hasNextPage endCursor } } } }";
const std::string usual =
  "query: '" + query
  + "'\nconnection: [viewer, contacts]\npage_size: 50\nvariables: {team: \"{{ config['team'] }}\"}\n";

const std::string manifest = R"(
version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [contacts]}
streams:
  - type: DeclarativeStream
    name: contacts
    primary_key: id
    retriever:
      type: SimpleRetriever
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
      requester:
        type: HttpRequester
        url_base: "https://api.example.test"
        path: graphql
        authenticator: {type: BearerAuthenticator, api_token: "{{ config['access_token'] }}"}
)";

/// The miner's pages made with these settings, and what was wrong with them.
struct made_pages {
  explicit made_pages(const std::string& settings) {
    compilation read{"test.yaml", {}, {}};
    pages = make_graphql_pages({component{read, read_yaml(settings, "test.yaml", read.notes), "#"}});
    for (const auto& note : read.notes)
      mistakes.push_back(to_string(note));
  }
  page_protocol_pointer pages;
  std::vector<std::string> mistakes;
};

struct graphql_pages_test : ::testing::Test {
  graphql_pages_test() {
    auto loaded = load_manifest_text(manifest, "test.yaml");
    if (!loaded.plan)
      throw std::runtime_error{loaded.notes.empty() ? "no plan" : to_string(loaded.notes.front())};
    source = loaded.plan;
  }

  caf::expected<http_request> request() { return pages->request(source->streams[0], {config, "", {}, state, "", {}}); }
  /// Of an answer with this body.
  template <class Ask>
  auto with(std::string_view body, Ask ask) {
    received_response response{200, headers, body, document};
    return ask(page_request{*source, 0, config, "", {}, state, response}, response.json());
  }
  /// The texts of the records, or the error.
  std::string records(std::string_view body) {
    return with(body, [&](const page_request& page, json_node root) {
      auto found = pages->records(page, root);
      if (!found)
        return to_string(static_cast<errc>(found.error().code())) + ": " + message_of(found.error());
      std::string out;
      for (auto each : *found)
        out += each.raw();
      return out;
    });
  }
  caf::expected<paging_step> follow(std::string_view body) {
    return with(body, [&](const page_request& page, json_node root) {
      expression::context names{expression::date_time{}};
      return pages->follow(page, root, {}, names);
    });
  }
  static std::string contacts(const std::string& members) {
    return R"({"data":{"viewer":{"contacts":{)" + members + "}}}}";
  }
  static std::string error(const std::string& members) { return R"({"data":null,"errors":[{)" + members + "}]}"; }
  static std::string page_info(const std::string& members) {
    return contacts(R"("edges":[],"pageInfo":{)" + members + "}");
  }

  source_plan_pointer source;
  page_protocol_pointer pages = made_pages{usual}.pages;
  expression::value config = *expression::parse_json(R"({"access_token":"SECRET-TOKEN-17","team":"north"})");
  wire::continuation_state state;
  json_document document;
  std::vector<http_header> headers;
};

} // namespace

TEST_F(graphql_pages_test, asks_for_the_first_page_without_a_cursor) {
  auto made = request();
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->method, "POST");
  EXPECT_EQ(made->url, "https://api.example.test/graphql");
  ASSERT_TRUE(find_header(made->headers, "Content-Type"));
  EXPECT_EQ(*find_header(made->headers, "Content-Type"), "application/json");
  EXPECT_EQ(*find_header(made->headers, "Authorization"), "Bearer SECRET-TOKEN-17");
  EXPECT_EQ(made->body, R"({"query":")" + query + R"(","variables":{"team":"north","first":50,"after":null}})");
}

TEST_F(graphql_pages_test, asks_for_the_next_page_with_the_cursor_to_the_letter) {
  auto step = follow(page_info(R"("hasNextPage":true,"endCursor":"a\"b\/é==")"));
  ASSERT_TRUE(step) << message_of(step.error());
  EXPECT_EQ(step->what, paging_step::kind::more);
  state = step->state;
  auto made = request();
  ASSERT_TRUE(made) << message_of(made.error());
  auto body = expression::parse_json(made->body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->map().find("variables")->map().find("after")->string(), "a\"b/é==");
}

TEST_F(graphql_pages_test, reads_edges_or_nodes_as_the_API_wrote_them_nulls_too) {
  EXPECT_EQ(records(contacts(R"("edges":[{"cursor":"x","node":{"id": 1.10}},{"node":null},null,{"node":{"id":2}}])")),
            R"({"id": 1.10}nullnull{"id":2})");
  EXPECT_EQ(records(contacts(R"("nodes":[{"id":1},null,{"id":2}])")), R"({"id":1}null{"id":2})");
  EXPECT_EQ(records(contacts(R"("edges":[])")), "");
}

TEST_F(graphql_pages_test, an_error_of_the_API_decides_by_its_code_what_follows) {
  EXPECT_EQ(records(error(R"("message":"Throttled","extensions":{"code":"THROTTLED"})")),
            "rate_limited: the API answered: Throttled (THROTTLED)");
  EXPECT_THAT(records(error(R"("message":"m","type":"RATE_LIMITED")")), HasSubstr("rate_limited"));
  EXPECT_THAT(records(error(R"("message":"m","extensions":{"code":"UNAUTHENTICATED"})")), HasSubstr("unauthorized"));
  EXPECT_THAT(records(error(R"("message":"m","extensions":{"code":"FORBIDDEN"})")), HasSubstr("rejected"));
  EXPECT_THAT(records(error(R"("message":"boom","extensions":{"code":"INTERNAL_SERVER_ERROR"})")),
              HasSubstr("bad_response: the API answered: boom"));
  EXPECT_THAT(records(error(R"("message":17)")), HasSubstr("bad_response"));
  EXPECT_THAT(records(R"({"errors":[]})"), HasSubstr("bad_response"));
}

TEST_F(graphql_pages_test, data_beside_errors_is_never_taken_for_a_page) {
  auto body = contacts(R"("edges":[{"node":{"id":1}}],"pageInfo":{"hasNextPage":false})");
  EXPECT_EQ(records(body), R"({"id":1})");
  body.insert(1, R"("errors":[{"message":"half of it timed out"}],)");
  EXPECT_THAT(records(body), HasSubstr("bad_response: the API answered: half of it timed out"));
}

TEST_F(graphql_pages_test, a_message_of_the_API_is_cut_and_repeats_no_secret) {
  auto told = records(error(R"("message":"the token SECRET-TOKEN-17 )" + std::string(3000, 'x') + "\""));
  EXPECT_THAT(told, ::testing::Not(HasSubstr("SECRET-TOKEN-17")));
  EXPECT_LT(told.size(), 600u);
}

TEST_F(graphql_pages_test, an_answer_of_another_shape_is_asked_for_again) {
  for (auto body : {R"({"data":{"viewer":null}})", R"({"data":{"viewer":{"contacts":null}}})",
                    R"({"data":{"viewer":{"contacts":{}}}})",
                    R"({"data":{"viewer":{"contacts":{"edges":[{"cursor":"x"}]}}}})", R"([1])", R"({})"})
    EXPECT_THAT(records(body), HasSubstr("bad_response")) << body;
}

TEST_F(graphql_pages_test, the_slice_ends_where_the_API_says_so) {
  auto step = follow(page_info(R"("hasNextPage":false,"endCursor":"c")"));
  ASSERT_TRUE(step) << message_of(step.error());
  EXPECT_EQ(step->what, paging_step::kind::ended);
}

TEST_F(graphql_pages_test, a_next_page_without_a_cursor_fails_the_slice_and_none_said_is_asked_again) {
  auto step = follow(page_info(R"("hasNextPage":true,"endCursor":null)"));
  ASSERT_TRUE(step) << message_of(step.error());
  EXPECT_EQ(step->what, paging_step::kind::failed);
  EXPECT_THAT(step->reason, HasSubstr("endCursor"));
  EXPECT_EQ(follow(contacts(R"("edges":[])")).error(), errc::bad_response);
}

TEST(graphql_source, loads_with_the_miner_that_it_names) {
  auto known = builtin_miners();
  ASSERT_FALSE(known.add("graphql", graphql_miner()));
  manifest_setup setup;
  setup.miners = &known;
  auto loaded = load_manifest("examples/graphql/source.yaml", setup);
  ASSERT_TRUE(loaded.plan) << (loaded.notes.empty() ? "" : to_string(loaded.notes.front()));
  EXPECT_TRUE(loaded.notes.empty()) << to_string(loaded.notes.front());
  EXPECT_EQ(loaded.plan->streams.at(0).lode.miner, "graphql");
  EXPECT_TRUE(loaded.plan->streams.at(0).lode.pages);
}

TEST(graphql_source, refuses_what_the_query_would_take_the_place_of) {
  auto known = builtin_miners();
  ASSERT_FALSE(known.add("graphql", graphql_miner()));
  manifest_setup setup;
  setup.miners = &known;
  auto text =
    manifest
    + "        request_body_json: {query: '{ me { id } }'}\n    x-lode: {miner: {graphql: {connection: c, query: '"
    + query + "'}}}\n";
  auto loaded = load_manifest_text(text, "test.yaml", setup);
  ASSERT_EQ(loaded.notes.size(), 1u);
  EXPECT_THAT(to_string(loaded.notes.front()), HasSubstr("requester/request_body_json: miner graphql makes the body"));
}

TEST(graphql_source, gets_no_warnings_for_a_window_that_its_variables_send) {
  auto known = builtin_miners();
  ASSERT_FALSE(known.add("graphql", graphql_miner()));
  manifest_setup setup;
  setup.miners = &known;
  EXPECT_TRUE(lint("examples/graphql/source.yaml", setup).warnings.empty());
}

TEST(graphql_settings, tell_every_mistake_at_its_line) {
  EXPECT_THAT(made_pages{usual}.mistakes, ElementsAre());
  EXPECT_THAT(made_pages{"{}"}.mistakes, ElementsAre(HasSubstr("needs 'query'"), HasSubstr("needs 'connection'")));
  EXPECT_THAT(made_pages{usual + "pages: 3\n"}.mistakes,
              ElementsAre(AllOf(HasSubstr("test.yaml:5"), HasSubstr("pages"))));
  EXPECT_THAT(made_pages{"query: '{ a { nodes { id } } }'\nconnection: a\n"}.mistakes,
              ElementsAre(HasSubstr("$first"), HasSubstr("$after"), HasSubstr("hasNextPage"), HasSubstr("endCursor")));
  EXPECT_THAT(made_pages{"query: '" + query + "'\nconnection: a\npage_size: 0\nvariables: {after: x}\n"}.mistakes,
              ElementsAre(HasSubstr("own variable"), HasSubstr("expected 1 to 10000 records, found 0")));
}

} // namespace lode::examples
