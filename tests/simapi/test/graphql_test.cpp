#include "tests/simapi/test/simapi_test.hpp"

#include "tests/simapi/graphql_query.hpp"

#include <set>
#include <stdexcept>

using namespace simapi::test;

namespace {

const std::string by_edges = "query Page($first: Int!, $after: String, $from: String) { viewer { contacts(first: "
                             "$first, after: $after, updatedFrom: $from) "
                             "{ totalCount edges { cursor node { id email } } pageInfo { hasNextPage endCursor } } } }";
const std::string by_nodes = "{ viewer { contacts(first: 100) { nodes { id } pageInfo { hasNextPage endCursor } } } }";
const std::string contacts_path = "/data/viewer/contacts";

struct graphql_api : simapi_test {
  graphql_api() { start({"--dialects", "graphql", "--tenants", "2"}); }

  http_reply ask(const std::string& query, const json::object& variables = {},
                 const std::string& whose = "graphql-000") {
    auto body = json::serialize(json::object{{"query", query}, {"variables", variables}});
    return data().post("/graphql", body, "Authorization: Bearer " + text_at(tenant(whose), "/access_token") + "\r\n");
  }
  json::object answer(const std::string& query, const json::object& variables = {}) {
    return parse(ask(query, variables)).as_object();
  }
  std::string code(const std::string& query, const json::object& variables = {}) {
    auto reply = ask(query, variables);
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(parse(reply).at("data").is_null());
    return text_at(parse(reply), "/errors/0/extensions/code");
  }
  size_t served(const std::string& whose) {
    size_t count = 0;
    for (const auto& line : truth(whose, "contacts"))
      count += line.at("served").as_array().size();
    return count;
  }
};

} // namespace

TEST_F(graphql_api, a_connection_gives_each_contact_once_oldest_change_first) {
  std::set<std::string> seen;
  std::string last;
  json::value after;
  for (int page = 0; page < 10; ++page) {
    json::value body = answer(by_edges, {{"first", 10}, {"after", after}});
    EXPECT_EQ(text_at(body, contacts_path + "/totalCount"), "25");
    for (const auto& edge : body.at_pointer(contacts_path + "/edges").as_array()) {
      EXPECT_GE(text_at(edge, "/node/updatedAt"), last);
      last = text_at(edge, "/node/updatedAt");
      EXPECT_TRUE(seen.insert(text_at(edge, "/node/id")).second);
      after = edge.at("cursor");
    }
    EXPECT_EQ(after, body.at_pointer(contacts_path + "/pageInfo/endCursor"));
    if (!body.at_pointer(contacts_path + "/pageInfo/hasNextPage").as_bool())
      break;
  }
  EXPECT_EQ(seen.size(), 25u);
  EXPECT_EQ(served("graphql-000"), 25u);
  EXPECT_EQ(served("graphql-001"), 0u);
}

TEST_F(graphql_api, nodes_are_the_records_of_the_edges) {
  json::value nodes = answer(by_nodes), edges = answer(by_edges, {{"first", 100}});
  ASSERT_EQ(nodes.at_pointer(contacts_path + "/nodes").as_array().size(), 25u);
  EXPECT_EQ(nodes.at_pointer(contacts_path + "/nodes/7"), edges.at_pointer(contacts_path + "/edges/7/node"));
}

TEST_F(graphql_api, a_cursor_may_be_any_edges_not_only_the_last_ones) {
  json::value all = answer(by_edges, {{"first", 100}});
  json::value rest = answer(by_edges, {{"first", 100}, {"after", all.at_pointer(contacts_path + "/edges/19/cursor")}});
  EXPECT_EQ(rest.at_pointer(contacts_path + "/edges").as_array().size(), 5u);
  EXPECT_EQ(rest.at_pointer(contacts_path + "/edges/0/node/id"), all.at_pointer(contacts_path + "/edges/20/node/id"));
}

TEST_F(graphql_api, the_last_edges_cursor_is_the_pages_whatever_the_clock_does_meanwhile) {
  for (int i = 0; i < 50; ++i) {
    json::value page = answer(by_edges, {{"first", 20}});
    ASSERT_EQ(page.at_pointer(contacts_path + "/edges/19/cursor"),
              page.at_pointer(contacts_path + "/pageInfo/endCursor"));
  }
}

TEST_F(graphql_api, a_window_is_asked_for_with_updatedFrom) {
  json::value all = answer(by_edges, {{"first", 100}});
  json::value some =
    answer(by_edges, {{"first", 100}, {"from", all.at_pointer(contacts_path + "/edges/20/node/updatedAt")}});
  EXPECT_EQ(text_at(some, contacts_path + "/totalCount"), "5");
}

TEST_F(graphql_api, mistakes_are_errors_of_a_200) {
  EXPECT_EQ(code("{ viewer { contacts(first: 5) { edges { node { id } } }"), "GRAPHQL_PARSE_FAILED");
  EXPECT_EQ(code("{ viewer { contacts(first: $first) { nodes { id } } } }", {{"first", 5}}), "GRAPHQL_PARSE_FAILED");
  EXPECT_EQ(code("{ viewer { deals(first: 5) { nodes { id } } } }"), "GRAPHQL_VALIDATION_FAILED");
  EXPECT_EQ(code("{ viewer { contacts(first: 5) { nodes } } }"), "GRAPHQL_VALIDATION_FAILED");
  EXPECT_EQ(code("{ viewer { contacts { nodes { id } } } }"), "BAD_USER_INPUT");
  EXPECT_EQ(code(by_edges, {{"first", 101}}), "BAD_USER_INPUT");
  EXPECT_EQ(code(by_edges, {{"first", 5}, {"after", "nonsense"}}), "BAD_USER_INPUT");
  EXPECT_EQ(
    data()
      .post("/graphql", "no JSON", "Authorization: Bearer " + text_at(tenant("graphql-000"), "/access_token") + "\r\n")
      .status,
    400);
  EXPECT_EQ(served("graphql-000"), 0u);
}

TEST_F(graphql_api, a_wrong_token_is_unauthenticated_and_so_is_one_that_was_replaced) {
  auto old = "Authorization: Bearer " + text_at(tenant("graphql-000"), "/access_token") + "\r\n";
  auto body = json::serialize(json::object{{"query", by_nodes}});
  EXPECT_EQ(
    text_at(parse(data().post("/graphql", body, "Authorization: Bearer gqlt-0-0\r\n")), "/errors/0/extensions/code"),
    "UNAUTHENTICATED");
  EXPECT_EQ(text_at(parse(data().post("/graphql", body)), "/errors/0/extensions/code"), "UNAUTHENTICATED");
  control_post("/control/credentials", R"({"tenant":"graphql-000"})");
  EXPECT_EQ(text_at(parse(data().post("/graphql", body, old)), "/errors/0/extensions/code"), "UNAUTHENTICATED");
  EXPECT_EQ(answer(by_nodes).count("errors"), 0u);
}

TEST_F(graphql_api, the_quota_ends_with_the_hour_and_each_answer_says_what_is_left) {
  control_post("/control/clock", R"({"now":1767225600000,"stopped":true})");
  control_post("/control/limits", R"({"graphql_calls_per_hour":2})");
  EXPECT_EQ(ask(by_nodes).headers.at("x-ratelimit-remaining"), "1");
  ask(by_nodes);
  EXPECT_EQ(code(by_nodes), "THROTTLED");
  EXPECT_EQ(ask(by_nodes).headers.at("x-ratelimit-reset"), "1767229200");
  control_post("/control/clock", R"({"advance_ms":3600000})");
  EXPECT_EQ(answer(by_nodes).count("errors"), 0u);
}

TEST_F(graphql_api, faults_speak_the_dialect_and_nothing_of_them_counts_as_served) {
  fault(R"({"kind":"rate_limited","retry_after_s":3,"times":2})");
  EXPECT_EQ(code(by_nodes), "THROTTLED");
  EXPECT_EQ(ask(by_nodes).headers.at("retry-after"), "3");
  fault(R"({"kind":"dead_token","times":1})");
  EXPECT_EQ(code(by_nodes), "UNAUTHENTICATED");
  fault(R"({"kind":"server_error","status":503,"times":1})");
  EXPECT_EQ(ask(by_nodes).status, 503);
  fault(R"({"kind":"truncated_body","times":1})");
  EXPECT_FALSE(ask(by_nodes).whole);
  EXPECT_EQ(served("graphql-000"), 0u);
}

TEST_F(graphql_api, partial_data_comes_with_errors_and_nulls_and_does_not_count_as_served) {
  fault(R"({"kind":"partial_data","times":1})");
  json::value body = answer(by_edges, {{"first", 10}});
  EXPECT_EQ(text_at(body, "/errors/0/extensions/code"), "INTERNAL_SERVER_ERROR");
  EXPECT_FALSE(body.at_pointer(contacts_path + "/edges/4/node").is_null());
  EXPECT_TRUE(body.at_pointer(contacts_path + "/edges/5/node").is_null());
  EXPECT_TRUE(body.at_pointer(contacts_path + "/pageInfo/hasNextPage").as_bool());
  EXPECT_EQ(served("graphql-000"), 0u);
}

TEST_F(graphql_api, a_cursor_can_expire_or_come_again) {
  auto after = json::value(answer(by_edges, {{"first", 10}})).at_pointer(contacts_path + "/pageInfo/endCursor");
  fault(R"({"kind":"expire_page_token","times":1})");
  EXPECT_EQ(code(by_edges, {{"first", 10}, {"after", after}}), "CURSOR_EXPIRED");
  fault(R"({"kind":"repeat_page_token","times":1})");
  json::value again = answer(by_edges, {{"first", 10}, {"after", after}});
  EXPECT_EQ(again.at_pointer(contacts_path + "/pageInfo/endCursor"), after);
}

TEST_F(graphql_api, a_tenant_can_be_imported) {
  auto line = control_lines("/control/import?tenant=graphql-001&every=1h").at(0);
  EXPECT_EQ(text_at(line, "/source"), "graphql");
  EXPECT_EQ(text_at(line, "/configuration/base_url"), "http://graphql.test:" + std::to_string(port));
  EXPECT_EQ(text_at(line, "/secrets/access_token"), text_at(tenant("graphql-001"), "/access_token"));
}

TEST(graphql_query, is_read_with_its_arguments_and_without_its_comments) {
  auto root =
    simapi::read_graphql("# all\nquery A($n: Int = 5, $s: [String!]) { a(x: $n, y: \"t, u\") { b c { d } } }");
  const auto* a = root.find("a");
  ASSERT_TRUE(a);
  EXPECT_EQ(a->arguments.at("x"), "$n");
  EXPECT_EQ(a->arguments.at("y"), "t, u");
  EXPECT_TRUE(a->find("c")->find("d"));
}

TEST(graphql_query, says_what_it_does_not_understand) {
  for (auto text : {"", "{", "{ }", "{ a { ...f } }", "mutation { a }", "{ a(x: ) }", "{ a(x: [1]) }", "{ a } b",
                    "{ a(x: \"t }", "{ a & b }"})
    EXPECT_THROW(simapi::read_graphql(text), std::invalid_argument) << text;
  std::string deep;
  for (int i = 0; i < 1000; ++i)
    deep += "{ a ";
  EXPECT_THROW(simapi::read_graphql(deep), std::invalid_argument);
}
