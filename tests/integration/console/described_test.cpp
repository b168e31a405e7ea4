#include <set>

#include "runtime/console/page_files.hpp"
#include "tests/integration/console/console_fixture.hpp"

using namespace lode;

/// That an answer is as openapi.json describes it is looked at by `expect` in every test. Here: that each route is asked at least once.
struct described_test : console_fixture {
  struct example {
    int status;
    std::string method, path, body{};
  };

  /// In an order in which each finds what it needs.
  std::vector<example> examples() const {
    const std::string posts = crm + "/streams/posts";
    return {
      {200, "GET", "/healthz"},
      {200, "GET", "/readyz"},
      {200, "GET", "/metrics"},
      {200, "GET", "/api/v1/openapi.json"},
      {200, "PUT", "/api/v1/sources/api", "streams: fine"},
      {200, "GET", "/api/v1/sources"},
      {200, "GET", "/api/v1/sources/api"},
      {200, "PUT", "/api/v1/sources/spare", "streams: fine"},
      {200, "DELETE", "/api/v1/sources/spare"},
      {201, "POST", "/api/v1/tenants", R"({"name":"acme"})"},
      {200, "GET", "/api/v1/tenants"},
      {200, "GET", "/api/v1/tenants/acme"},
      {200, "PUT", crm, R"({"source":"api","secrets":{"api_key":"hunter2"}})"},
      {200, "GET", crm},
      {200, "GET", "/api/v1/tenants/acme/connections"},
      {200, "PUT", crm + "/secrets", R"({"api_key":"hunter3"})"},
      {200, "PATCH", "/api/v1/tenants/acme", R"({"state":"paused","reason":"asked"})"},
      {200, "PATCH", "/api/v1/tenants/acme", R"({"state":"active"})"},
      {200, "PATCH", crm, R"({"state":"paused"})"},
      {200, "GET", "/api/v1/status"},
      {200, "PATCH", crm, R"({"state":"active"})"},
      {200, "POST", crm + "/confirm-deletes", R"({"streams":["posts"]})"},
      {200, "POST", crm + "/state/airbyte", R"([{"posts":1}])"},
      {200, "GET", crm + "/state"},
      {200, "PATCH", crm + "/state", R"({"cursors":[]})"},
      {202, "POST", crm + "/runs", R"({"kind":"manual"})"},
      {200, "GET", crm + "/runs"},
      {404, "GET", "/api/v1/runs/99"},
      {404, "POST", "/api/v1/runs/99/cancel"},
      {200, "GET", posts + "/records"},
      {200, "GET", posts + "/complete?from=2026-01-01T00:00:00Z"},
      {200, "GET", crm + "/gaps"},
      {200, "GET", crm + "/rechecks"},
      {200, "GET", "/api/v1/tenants/acme/changes"},
      {200, "GET", "/api/v1/tenants/acme/dead-letters"},
      {200, "POST", "/api/v1/import", R"({"tenant":"globex","connection":"crm","source":"api"})"},
      {200, "GET", "/api/v1/cluster"},
      {404, "POST", "/api/v1/nodes/nobody/drain"},
      {404, "POST", "/api/v1/nodes/nobody/undrain"},
      {404, "GET", "/hooks/api"},
      {404, "POST", "/hooks/api", "{}"},
      {201, "PUT", "/api/v1/sinks/lake", "jsonl: {}"},
      {200, "GET", "/api/v1/sinks"},
      {200, "GET", "/api/v1/sinks/lake"},
      {200, "PATCH", "/api/v1/sinks/lake", R"({"state":"paused"})"},
      {200, "DELETE", "/api/v1/sinks/lake"},
      {200, "DELETE", crm},
      {200, "DELETE", "/api/v1/tenants/acme"},
    };
  }
};

/// What needs more than stores in memory is asked of PostgreSQL (standing_test.cpp), of a node with a history (node_test.cpp), or over a
/// socket (live_route_test.cpp).
const std::set<std::string> asked_elsewhere{
  "GET /api/v1/overview",
  "GET /api/v1/runs",
  "GET /api/v1/dead-letters",
  "POST /api/v1/dead-letters/{letter}/replay",
  "GET /api/v1/shards",
  "GET /api/v1/settings",
  "GET /api/v1/audit",
  "GET /api/v1/tenants/{tenant}/why",
  "GET /api/v1/tenants/{tenant}/connections/{connection}/streams",
  "GET /api/v1/tenants/{tenant}/connections/{connection}/errors",
  "POST /api/v1/tenants/{tenant}/connections/{connection}/reset",
  "GET /api/v1/history",
  "GET /api/v1/tenants/{tenant}/supervision",
  "GET /api/v1/log-level",
  "PUT /api/v1/log-level",
  "GET /api/v1/live",
};

TEST_F(described_test, every_route_is_asked_and_answers_as_the_document_says) {
  const auto routes = make_console_router();
  std::set<std::string> missing;
  for (const auto& route : routes.routes())
    missing.insert(route.method + " " + route.pattern);
  for (const auto& file : page_files()) // the page, not the API
    missing.erase("GET /" + std::string{file.name == "index.html" ? "" : file.name});
  for (const auto& [status, method, path, body] : examples()) {
    expect(status, method, path, body);
    api_request request;
    api_response refusal;
    request.method = method;
    ASSERT_TRUE(parse_target(path, request));
    if (const auto* found = routes.find(request, refusal))
      missing.erase(found->method + " " + found->pattern);
  }
  EXPECT_EQ(missing, asked_elsewhere) << "give each new one an example above, or name it where it is asked";
}
