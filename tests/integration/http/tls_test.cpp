#include "tests/integration/http/http_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct https_test : http_test {
  test::test_authority authority;

  auto serves(test::test_identity identity, std::function<void(server_connection&)> then = echo_target) {
    return [=](server_connection& c) {
      if (c.start_tls(identity))
        then(c);
    };
  }

  void trust(const test_http_server& server) {
    settings.ca_file = authority.file();
    settings.resolve["api.example"] = server.address();
  }
};

TEST_F(https_test, a_trusted_server_is_asked_by_its_name_and_kept) {
  std::promise<std::string> name;
  test_http_server server{serves(authority.issue("api.example"), [&](server_connection& c) {
    name.set_value(c.asked_name());
    echo_target(c);
  })};
  trust(server);
  EXPECT_EQ(answer("https://api.example/1").body, "/1");
  EXPECT_EQ(answer("https://api.example/2").body, "/2");
  EXPECT_EQ(name.get_future().get(), "api.example");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(https_test, a_certificate_may_be_for_an_address) {
  test_http_server server{serves(authority.issue("127.0.0.1"))};
  trust(server);
  EXPECT_EQ(answer("https://" + server.address() + "/x").body, "/x");
}

TEST_F(https_test, an_extra_authority_is_trusted_beside_the_systems) {
  test_http_server server{serves(authority.issue("api.example"))};
  trust(server);
  settings.extra_ca_file = std::exchange(settings.ca_file, "");
  EXPECT_EQ(answer("https://api.example/1").body, "/1");
}

TEST_F(https_test, a_certificate_for_another_host_is_refused) {
  test_http_server server{serves(authority.issue("evil.example"))};
  trust(server);
  auto error = failure("https://api.example/?access_token=s3cret");
  EXPECT_EQ(error.kind, http_failure::tls);
  EXPECT_NE(error.message.find("ostname mismatch"), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("s3cret"), std::string::npos) << error.message;
}

TEST_F(https_test, a_certificate_of_an_unknown_authority_is_refused) {
  test::test_authority other;
  test_http_server server{serves(other.issue("api.example"))};
  trust(server);
  EXPECT_EQ(failure("https://api.example/").kind, http_failure::tls);
}

TEST_F(https_test, an_expired_certificate_is_refused) {
  test_http_server server{serves(authority.issue("api.example", -3600))};
  trust(server);
  auto error = failure("https://api.example/");
  EXPECT_EQ(error.kind, http_failure::tls);
  EXPECT_NE(error.message.find("expired"), std::string::npos) << error.message;
}

TEST_F(https_test, a_handshake_that_stalls_times_out_as_connecting) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  trust(server);
  settings.connect_timeout = 50ms;
  EXPECT_EQ(failure("https://api.example/").kind, http_failure::timeout_connect);
}

TEST_F(https_test, a_stream_cut_without_farewell_is_no_end_of_a_body) {
  test_http_server server{serves(authority.issue("api.example"), [](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of i");
  })};
  trust(server);
  EXPECT_EQ(failure("https://api.example/").kind, http_failure::truncated);
}

TEST_F(https_test, a_redirect_from_https_to_http_is_refused) {
  test_http_server plain{echo_target};
  test_http_server server{serves(authority.issue("api.example"), [&](server_connection& c) {
    c.read_request();
    c.respond(302, "", "Location: " + plain.url("/") + "\r\n");
  })};
  trust(server);
  EXPECT_EQ(failure("https://api.example/").kind, http_failure::redirect_refused);
  EXPECT_EQ(plain.connections(), 0);
}

TEST_F(https_test, a_kept_connection_that_dies_unanswered_is_replaced) {
  test_http_server server{serves(authority.issue("api.example"), [](server_connection& c) {
    c.read_request();
    c.respond(200, std::to_string(c.number));
    c.read_request();
  })};
  trust(server);
  EXPECT_EQ(answer("https://api.example/").body, "1");
  EXPECT_EQ(answer("https://api.example/").body, "2");
}

TEST_F(https_test, a_missing_authority_file_is_named) {
  settings.ca_file = "/nowhere/ca.pem";
  auto made = make_beast_http_client(settings);
  ASSERT_TRUE(std::holds_alternative<http_error>(made));
  EXPECT_NE(std::get<http_error>(made).message.find("/nowhere/ca.pem"), std::string::npos);
}

} // namespace lode
