#include "runtime/console/router.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "messages/type_ids.hpp"
#include "runtime/console/page_files.hpp"
#include "runtime/console/problem.hpp"
#include "runtime/console/routes.hpp"

using namespace lode;
namespace json = boost::json;

namespace {

struct router_test : testing::Test {
  router_test() {
    auto nothing = [](const api_request&, api_context&) -> caf::expected<api_response> { return api_response{}; };
    routes.add("GET", "/a/{name}", nothing);
    routes.add("PUT", "/a/{name}", nothing);
    routes.add("GET", "/a/{name}/b", nothing);
  }
  const route* find(std::string method, std::string path) {
    request.method = std::move(method);
    request.path = std::move(path);
    return routes.find(request, refusal);
  }
  router routes;
  api_request request;
  api_response refusal;
};

} // namespace

TEST_F(router_test, a_route_is_found_by_method_and_pattern) {
  EXPECT_EQ(find("GET", "/a/x/b")->pattern, "/a/{name}/b");
  EXPECT_EQ(request.parameter("name"), "x");
}

TEST_F(router_test, a_name_may_hold_a_slash_when_it_is_encoded) {
  ASSERT_TRUE(find("GET", "/a/x%2Fb+c"));
  EXPECT_EQ(request.parameter("name"), "x/b+c");
}

TEST_F(router_test, an_unknown_path_is_not_found) {
  for (auto path : {"/", "/a", "/a/", "/a/x/", "/a/x/c", "/a/%zz"}) {
    EXPECT_FALSE(find("GET", path)) << path;
    EXPECT_EQ(refusal.status, 404) << path;
  }
}

TEST_F(router_test, a_wrong_method_names_the_right_ones) {
  EXPECT_FALSE(find("DELETE", "/a/x"));
  EXPECT_EQ(refusal.status, 405);
  EXPECT_EQ(refusal.allow, "GET, PUT");
}

TEST(openapi_test, the_document_lists_every_route_and_nothing_else) {
  std::set<std::string> served, documented;
  const auto routes = make_console_router();
  for (const auto& route : routes.routes())
    served.insert(route.method + " " + route.pattern);
  for (const auto& file : page_files()) // the page, not the API
    EXPECT_EQ(served.erase("GET /" + std::string{file.name == "index.html" ? "" : file.name}), 1u) << file.name;
  auto document = openapi_document();
  auto parsed = json::parse({document.data(), document.size()});
  for (const auto& path : parsed.at("paths").as_object())
    for (const auto& operation : path.value().as_object()) {
      std::string method{operation.key()};
      for (auto& c : method)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.insert(method + " " + std::string{path.key()});
    }
  EXPECT_EQ(served, documented);
}

TEST(openapi_test, it_says_what_each_problem_means) {
  auto document = openapi_document();
  auto parsed = json::parse({document.data(), document.size()});
  const auto& problems = parsed.at("x-problems").as_object();
  for (const auto& [code, problem] : problems)
    EXPECT_EQ(problem.at("title"), json::value(title_of({code.data(), code.size()})));
  for (auto code : {errc::not_found, errc::conflict, errc::stale_version, errc::bad_argument, errc::bad_source, errc::store_unavailable,
                    errc::unknown_outcome, errc::not_owner, errc::internal, errc::unauthorized}) {
    auto refusal = json::parse(error_response(caf::make_error(code, "x")).body);
    EXPECT_EQ(parsed.at_pointer(std::string{refusal.at("type").as_string()}.substr(std::string{"/api/v1/openapi.json#"}.size())),
              problems.at(to_string(code)));
  }
}

TEST(openapi_test, every_path_parameter_is_described) {
  auto document = openapi_document();
  auto parsed = json::parse({document.data(), document.size()});
  for (const auto& path : parsed.at("paths").as_object()) {
    std::string text{path.key()};
    for (const auto& operation : path.value().as_object()) {
      auto named = operation.value().as_object().contains("parameters") ? json::serialize(operation.value().at("parameters")) : "";
      for (auto at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
        EXPECT_NE(named.find("\"" + text.substr(at + 1, text.find('}', at) - at - 1) + "\""), named.npos) << text;
    }
  }
}
