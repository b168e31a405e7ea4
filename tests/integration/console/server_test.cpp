#include <boost/asio.hpp>

#include <cstdio>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "runtime/console/access_tokens.hpp"
#include "runtime/telemetry/log.hpp"
#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace asio = boost::asio;

struct server_test : console_fixture {
  ~server_test() override {
    std::remove(token_path.c_str());
    server.reset();
    start_log({});
  }

  void use_token() {
    std::ofstream{token_path} << token_line(hash_of_token("0123456789abcdef")) << "\n";
    settings.token_file = token_path;
    start();
  }

  std::ostringstream log; ///< where a test sends it
  std::string token_path = testing::TempDir() + "lode-token-" + std::to_string(::getpid());
};

TEST_F(server_test, health_readiness_and_metrics_answer) {
  EXPECT_EQ(expect(200, "GET", "/healthz"), json::value("ok\n"));
  EXPECT_EQ(expect(200, "GET", "/readyz"), json::value("ready\n"));
  EXPECT_EQ(expect(200, "GET", "/metrics"), json::value("lode_test 1\n"));
  node->is_ready = false;
  EXPECT_EQ(expect(503, "GET", "/readyz"), json::value("not ready: the test says so\n"));
  EXPECT_EQ(expect(200, "GET", "/api/v1/openapi.json").at("openapi"), json::value("3.0.3"));
}

TEST_F(server_test, with_a_token_only_health_is_open) {
  use_token();
  node->is_ready = false;
  EXPECT_EQ(client().call("GET", "/healthz").status, 200);
  EXPECT_EQ(client().call("GET", "/readyz").body, "not ready\n");
  for (auto path : {"/metrics", "/api/v1/tenants", "/api/v1/status", "/api/v1/openapi.json", "/nothing"})
    EXPECT_EQ(client().call("GET", path).status, 401) << path;
  EXPECT_EQ(client("wrong token 1234").call("GET", "/api/v1/tenants").status, 401);
  EXPECT_EQ(client("0123456789abcdef").call("GET", "/api/v1/tenants").status, 200);
}

TEST_F(server_test, other_addresses_than_loopback_need_a_token) {
  settings.listen = "0.0.0.0:0";
  auto refused = http_server::start(settings, make_console_router(), services);
  ASSERT_FALSE(refused);
  EXPECT_THAT(message_of(refused.error()), HasSubstr("console.token_file"));
  use_token();
  EXPECT_THAT(server->address(), StartsWith("0.0.0.0:"));
}

TEST_F(server_test, a_port_that_is_taken_is_told) {
  start();
  settings.listen = server->address();
  auto second = http_server::start(settings, make_console_router(), services);
  ASSERT_FALSE(second);
  EXPECT_THAT(message_of(second.error()), HasSubstr("console.listen: cannot listen on " + settings.listen + " (Address already in use)"));
}

TEST_F(server_test, web_pages_cannot_use_a_loopback_console) {
  start();
  EXPECT_THAT(raw("GET /api/v1/tenants HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(raw("POST /api/v1/tenants HTTP/1.1\r\nHost: " + server->address()
                  + "\r\nOrigin: http://evil.example\r\nContent-Length: 12\r\n\r\n{\"name\":\"x\"}"),
              StartsWith("HTTP/1.1 403"));
  EXPECT_EQ(expect(200, "GET", "/api/v1/tenants").at("tenants").as_array().size(), 0u);
}

TEST_F(server_test, a_long_body_is_refused_and_the_client_sees_why) {
  start();
  auto reply = client().call("POST", "/api/v1/import", std::string(200'000, 'x'));
  EXPECT_EQ(reply.status, 413);
  EXPECT_THAT(reply.body, HasSubstr("console.max_body"));
}

TEST_F(server_test, a_long_head_and_nonsense_are_refused) {
  start();
  EXPECT_THAT(raw("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(raw("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(expect(200, "GET", "/healthz"), json::value("ok\n"));
}

TEST_F(server_test, a_connection_is_kept_for_the_next_request) {
  start();
  auto request = "GET /healthz HTTP/1.1\r\nHost: " + server->address();
  auto both = raw(request + "\r\n\r\n" + request + "\r\nConnection: close\r\n\r\n");
  auto first = both.find("ok\n");
  ASSERT_NE(first, both.npos);
  EXPECT_NE(both.find("ok\n", first + 1), both.npos);
}

TEST_F(server_test, unknown_paths_and_methods_are_told) {
  expect(404, "GET", "/nothing");
  EXPECT_THAT(error_text(expect(405, "PUT", "/api/v1/tenants", "{}")), HasSubstr("only POST, GET"));
}

TEST_F(server_test, health_answers_while_all_workers_wait_for_the_database) {
  settings.threads = 1;
  std::promise<void> asked, go_on;
  auto inspect = services.inspect_manifest;
  services.inspect_manifest = [&](const std::string& name, const std::string& text) {
    asked.set_value();
    go_on.get_future().wait();
    return inspect(name, text);
  };
  start();
  std::thread slow{[&] { EXPECT_EQ(client().call("PUT", "/api/v1/sources/api", "fine").status, 200); }};
  asked.get_future().wait();
  EXPECT_EQ(client().call("GET", "/healthz").status, 200);
  EXPECT_EQ(client().call("GET", "/metrics").status, 200);
  go_on.set_value();
  slow.join();
}

TEST_F(server_test, a_defect_in_a_handler_is_an_answer_and_the_server_goes_on) {
  services.inspect_manifest = [](const std::string&, const std::string&) -> manifest_summary { throw std::runtime_error("boom"); };
  auto answer = expect(500, "PUT", "/api/v1/sources/api", "fine");
  EXPECT_THAT(json::serialize(answer), Not(HasSubstr("boom")));
  expect(200, "GET", "/api/v1/tenants");
}

TEST_F(server_test, a_download_that_breaks_off_is_logged_with_what_its_path_names) {
  start_log({log_level::info, log_format::json}, &log);
  router routes;
  routes.add("GET", "/{tenant}/{connection}/{stream}", [](const api_request&, api_context&) -> caf::expected<api_response> {
    api_response out;
    out.body = "first ";
    out.more = [](console_stores&, std::string&) -> caf::expected<bool> {
      return caf::make_error(errc::store_unavailable, "away");
    };
    return out;
  });
  auto made = http_server::start(settings, std::move(routes), services);
  ASSERT_TRUE(made);
  server = std::move(*made);
  client().call("GET", "/acme/crm/posts");
  server.reset();
  EXPECT_THAT(log.str(), HasSubstr(R"("tenant":"acme","connection":"crm","stream":"posts")"));
}

TEST_F(server_test, a_download_that_breaks_off_is_seen_as_such) {
  router routes;
  for (auto [path, is_whole] : {std::pair{"/whole", true}, std::pair{"/broken", false}})
    routes.add("GET", path, [is_whole = is_whole](const api_request&, api_context&) -> caf::expected<api_response> {
      api_response out;
      out.body = "first ";
      out.more = [is_whole, calls = 0](console_stores&, std::string& piece) mutable -> caf::expected<bool> {
        if (calls++ > 0 && !is_whole)
          return caf::make_error(errc::store_unavailable, "away");
        piece = "piece ";
        return calls < 3;
      };
      return out;
    });
  auto made = http_server::start(settings, std::move(routes), services);
  ASSERT_TRUE(made);
  server = std::move(*made);
  auto whole = client().call("GET", "/whole");
  EXPECT_EQ(whole.body, "first piece piece piece ");
  EXPECT_TRUE(whole.is_complete);
  auto broken = client().call("GET", "/broken");
  EXPECT_EQ(broken.body, "first piece ");
  EXPECT_FALSE(broken.is_complete);
}

TEST_F(server_test, many_clients_are_answered_at_once) {
  start();
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&, i] {
      auto body = R"({"name":"t)" + std::to_string(i) + "\"}";
      good += client().call("POST", "/api/v1/tenants", body).status == 201;
    });
  for (auto& each : clients)
    each.join();
  EXPECT_EQ(good, 8);
}

TEST_F(server_test, the_server_stops_with_open_connections) {
  start();
  asio::io_context io;
  asio::ip::tcp::socket idle{io};
  auto colon = server->address().rfind(':');
  idle.connect({asio::ip::make_address("127.0.0.1"), static_cast<uint16_t>(std::stoi(server->address().substr(colon + 1)))});
  server.reset();
  char byte = 0;
  boost::system::error_code ended;
  asio::read(idle, asio::buffer(&byte, 1), ended);
  EXPECT_TRUE(ended);
}
