#include "tests/integration/http/http_test.hpp"

namespace lode {

struct http_proxy_test : http_test {
  std::promise<test::server_request> asked;

  test::server_request question() { return asked.get_future().get(); }
};

TEST_F(http_proxy_test, a_plain_request_goes_to_the_proxy_with_its_whole_url) {
  test_http_server proxy{[&](server_connection& c) {
    asked.set_value(c.read_request().value());
    c.respond(200, "through the proxy");
  }};
  settings.http_proxy = "http://user:p%40ss@" + proxy.address();
  EXPECT_EQ(answer("http://api.example/x?q=1").body, "through the proxy");
  auto request = question();
  EXPECT_EQ(request.target(), "http://api.example/x?q=1");
  EXPECT_EQ(request["Host"], "api.example");
  EXPECT_EQ(request["Proxy-Authorization"], "Basic dXNlcjpwQHNz");
}

TEST_F(http_proxy_test, https_goes_through_a_tunnel_that_sees_no_header) {
  test::test_authority authority;
  auto identity = authority.issue("api.example");
  test_http_server proxy{[&](server_connection& c) {
    asked.set_value(c.read_request().value());
    c.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (c.start_tls(identity))
      echo_target(c);
  }};
  settings.https_proxy = "http://" + proxy.address();
  settings.ca_file = authority.file();
  auto request = get_of("https://api.example/secret");
  request.headers = {{"Authorization", "Bearer t"}};
  EXPECT_EQ(answer(request).body, "/secret");
  EXPECT_EQ(answer("https://api.example/again").body, "/again");
  auto connect = question();
  EXPECT_EQ(connect.method_string(), "CONNECT");
  EXPECT_EQ(connect.target(), "api.example:443");
  EXPECT_EQ(connect.count("Authorization"), 0u);
  EXPECT_EQ(proxy.connections(), 1) << "the tunnel is kept";
}

TEST_F(http_proxy_test, a_refused_tunnel_is_a_proxy_failure_without_the_proxys_password) {
  test_http_server proxy{[&](server_connection& c) {
    c.read_request();
    c.respond(407, "who are you?");
  }};
  settings.https_proxy = "http://user:hidden@" + proxy.address();
  auto error = failure("https://api.example/");
  EXPECT_EQ(error.kind, http_failure::proxy);
  EXPECT_NE(error.message.find("407"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("hidden"), std::string::npos) << error.message;
}

TEST_F(http_proxy_test, hosts_in_no_proxy_are_reached_directly) {
  test_http_server server{echo_target};
  test_http_server proxy{echo_target};
  settings.http_proxy = "http://" + proxy.address();
  settings.no_proxy = {".local.example"};
  settings.resolve = {{"api.local.example", server.address()}};
  EXPECT_EQ(answer("http://api.local.example/x").body, "/x");
  EXPECT_EQ(proxy.connections(), 0);
}

} // namespace lode
