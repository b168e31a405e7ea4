#include "tests/integration/http/http_test.hpp"

namespace lode {

struct http_redirect_test : http_test {
  std::promise<test::server_request> arrived;

  /// Records the one request it gets.
  test_http_server target{[this](server_connection& c) {
    if (auto request = c.read_request()) {
      arrived.set_value(*request);
      c.respond(200, "arrived");
    }
  }};

  static auto redirects_to(const std::string& location, int status = 302) {
    return [=](server_connection& c) {
      while (c.read_request())
        c.respond(status, "elsewhere", "Location: " + location + "\r\n");
    };
  }

  test::server_request arrival() { return arrived.get_future().get(); }
};

TEST_F(http_redirect_test, a_redirect_within_an_origin_keeps_credentials_and_connection) {
  std::promise<std::string> token;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(301, "", "Location: /new?page=1\r\n");
    token.set_value(std::string{c.read_request().value()["Authorization"]});
    c.respond(200, "new");
  }};
  auto request = get_of(server.url("/old"));
  request.headers = {{"Authorization", "Bearer t"}};
  auto response = answer(request);
  EXPECT_EQ(response.body, "new");
  EXPECT_EQ(response.final_url, server.url("/new?page=1"));
  EXPECT_EQ(token.get_future().get(), "Bearer t");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client().stats().redirects_followed, 1u);
}

TEST_F(http_redirect_test, a_redirect_to_another_origin_carries_no_credential_of_any_kind) {
  test_http_server server{redirects_to("http://other.example/x?page=2&access_token=s3cret&my_key=k3y")};
  settings.resolve = {{"api.example", server.address()}, {"other.example", target.address()}};
  auto request = get_of("http://api.example/x?access_token=s3cret&my_key=k3y");
  request.headers = {{"Authorization", "Bearer t"}, {"Cookie", "c=1"}, {"X-Api-Key", "k"}, {"Accept", "application/json"}};
  request.credential_parameters = {"my_key"};
  EXPECT_EQ(answer(request).body, "arrived");
  auto seen = arrival();
  EXPECT_EQ(seen.target(), "/x?page=2");
  EXPECT_EQ(seen.count("Authorization") + seen.count("Cookie") + seen.count("X-Api-Key"), 0u);
  EXPECT_EQ(seen["Accept"], "application/json");
  EXPECT_EQ(seen["Host"], "other.example");
}

TEST_F(http_redirect_test, another_port_of_the_same_host_is_another_origin) {
  test_http_server server{redirects_to(target.url("/"))};
  auto request = get_of(server.url("/"));
  request.headers = {{"Authorization", "Bearer t"}};
  answer(request);
  EXPECT_EQ(arrival().count("Authorization"), 0u);
}

TEST_F(http_redirect_test, a_body_is_not_taken_to_another_origin) {
  test_http_server server{redirects_to(target.url("/"), 307)};
  auto request = get_of(server.url("/token"));
  request.method = "POST";
  request.body = "client_secret=s3cret";
  EXPECT_EQ(failure(request).kind, http_failure::redirect_refused);
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(http_redirect_test, an_endless_chain_is_given_up) {
  test_http_server server{redirects_to("/again")};
  settings.max_redirects = 3;
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::redirect_refused);
  EXPECT_EQ(client().stats().redirects_followed, 3u);
}

TEST_F(http_redirect_test, a_redirect_may_lead_to_a_host_of_another_io_thread) {
  test_http_server server{echo_target};
  settings.threads = 3;
  test_http_server first{redirects_to("http://h1.example/end")};
  for (int i = 0; i < 8; ++i)
    settings.resolve["h" + std::to_string(i) + ".example"] = i == 1 ? server.address() : first.address();
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(answer("http://h" + std::to_string(i) + ".example/end").body, "/end") << i;
}

} // namespace lode
