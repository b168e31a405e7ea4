#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "runtime/console/access_tokens.hpp"
#include "runtime/console/failed_attempts.hpp"
#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/test_certificates.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// A client that takes its time.
struct slow_client {
  explicit slow_client(uint16_t port, const std::string& from = "127.0.0.1") : socket(io, {asio::ip::make_address(from), 0}) {
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
  }

  /// Whether the server has closed, which is waited for a little.
  bool is_closed_after(std::chrono::milliseconds patience) {
    pollfd waits{socket.native_handle(), POLLIN, 0};
    if (poll(&waits, 1, static_cast<int>(patience.count())) == 0)
      return false;
    char byte = 0;
    boost::system::error_code failed;
    socket.read_some(asio::buffer(&byte, 1), failed);
    return failed.failed();
  }
  /// Sends a byte now and then until the server closes; false: it never did.
  bool drips_until_closed() {
    for (int i = 0; i < 300; ++i) {
      boost::system::error_code failed;
      asio::write(socket, asio::buffer("x", 1), failed);
      if (failed || is_closed_after(20ms))
        return true;
    }
    return false;
  }
  void say(const std::string& text) { asio::write(socket, asio::buffer(text)); }

  asio::io_context io;
  tcp::socket socket;
};

struct access_test : console_fixture {
  access_test() { std::filesystem::create_directories(folder); }
  ~access_test() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream{folder + "/" + name} << text;
    return folder + "/" + name;
  }
  void use_token() {
    settings.token_file = file("tokens", token_line(hash_of_token("the right one")) + "\n");
    start();
  }
  void use_tls() {
    auto identity = authority.issue("localhost");
    use_certificate(file("node.pem", identity.certificate), file("node.key", identity.key));
  }
  std::string get(const std::string& target, const std::string& more = {}, const std::string& from = "127.0.0.1") {
    return raw("GET " + target + " HTTP/1.1\r\nHost: " + server->address() + "\r\nConnection: close\r\n" + more + "\r\n", from);
  }
  std::string get_as(const std::string& token, const std::string& from = "127.0.0.1") {
    return get("/api/v1/tenants", "Authorization: Bearer " + token + "\r\n", from);
  }
  /// The same under TLS, whoever the server is.
  std::string secure_raw(const std::string& bytes) {
    asio::io_context io;
    asio::ssl::context context{asio::ssl::context::tls_client};
    asio::ssl::stream<tcp::socket> stream{io, context};
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port()});
    stream.handshake(asio::ssl::stream_base::client);
    asio::write(stream, asio::buffer(bytes));
    std::string out;
    boost::system::error_code ended;
    asio::read(stream, asio::dynamic_buffer(out), ended);
    EXPECT_EQ(ended, asio::error::eof) << "without its goodbye the answer could be cut off: " << ended.message();
    return out;
  }
  void use_certificate(std::string certificate, std::string key) {
    settings.certificate_file = std::move(certificate);
    settings.key_file = std::move(key);
  }
  std::string why_not() {
    auto made = http_server::start(settings, make_console_router(), services, limits);
    return made ? "" : message_of(made.error());
  }

  test::test_authority authority;
  const std::string folder = testing::TempDir() + "lode-access-" + std::to_string(getpid());
};

} // namespace

TEST_F(access_test, who_carries_no_token_or_a_wrong_one_is_told_how) {
  use_token();
  for (const auto& answer : {get("/api/v1/tenants"), get_as("a wrong one"), get("/nothing")})
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate: Bearer"), HasSubstr("application/problem+json"),
                              HasSubstr(R"("code":"unauthorized")")));
  EXPECT_THAT(get_as("the right one"), StartsWith("HTTP/1.1 200"));
}

TEST_F(access_test, wrong_tokens_are_throttled_for_their_address_only) {
  use_token();
  for (int i = 0; i < failed_attempts::at_once; ++i)
    EXPECT_THAT(get_as("a wrong one"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(get_as("the right one"), AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("Retry-After: "), HasSubstr("too_many_requests")));
  EXPECT_THAT(get("/healthz", "Authorization: Bearer the right one\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get_as("the right one", "127.0.0.2"), StartsWith("HTTP/1.1 200"));
}

TEST_F(access_test, a_route_that_is_open_is_no_way_to_try_tokens) {
  use_token();
  node->is_ready = false;
  EXPECT_THAT(get("/readyz", "Authorization: Bearer the right one\r\n"), HasSubstr("the test says so"));
  for (int i = 0; i < failed_attempts::at_once; ++i)
    EXPECT_THAT(get("/readyz", "Authorization: Bearer a wrong one\r\n"), Not(HasSubstr("the test says so")));
  EXPECT_THAT(get("/readyz", "Authorization: Bearer the right one\r\n"), AllOf(StartsWith("HTTP/1.1 503"), Not(HasSubstr("the test says so"))));
}

TEST_F(access_test, a_file_that_holds_a_token_itself_is_refused) {
  settings.token_file = file("tokens", "0123456789abcdef0123456789abcdef\n");
  EXPECT_THAT(why_not(), AllOf(HasSubstr("console.token_file"), HasSubstr("lode token new"), Not(HasSubstr("0123"))));
}

TEST_F(access_test, a_secret_in_a_url_is_refused_with_the_reason) {
  use_token();
  for (auto target : {"/api/v1/tenants?token=x", "/api/v1/tenants?limit=1&Access_Token=x", "/healthz?api_key=x"})
    EXPECT_THAT(get(target, "Authorization: Bearer the right one\r\n"),
                AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("in the head of the request, as a bearer token"))) << target;
}

TEST_F(access_test, every_answer_says_what_browsers_may_do_with_it) {
  start();
  for (const auto& answer : {get("/healthz"), get("/api/v1/tenants"), get("/nothing"), get("/api/v1/tenants/x"), raw("nonsense\r\n\r\n")})
    EXPECT_THAT(answer, AllOf(HasSubstr("Cache-Control: no-store"), HasSubstr("X-Content-Type-Options: nosniff"), HasSubstr("X-Frame-Options: DENY"),
                              HasSubstr("frame-ancestors 'none'"), HasSubstr("Referrer-Policy: no-referrer"),
                              Not(HasSubstr("Strict-Transport-Security"))));
}

TEST_F(access_test, with_a_certificate_the_port_speaks_TLS_and_nothing_else) {
  use_tls();
  start();
  const auto head = "GET /api/v1/tenants HTTP/1.1\r\nHost: localhost:" + std::to_string(port()) + "\r\nConnection: close\r\n";
  EXPECT_THAT(secure_raw(head + "\r\n"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Strict-Transport-Security: max-age=")));
  EXPECT_THAT(secure_raw(head + "Origin: https://localhost:" + std::to_string(port()) + "\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(secure_raw(head + "Origin: http://localhost:" + std::to_string(port()) + "\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(raw(head + "\r\n"), Not(StartsWith("HTTP/1.1 200")));
}

TEST_F(access_test, under_TLS_long_bodies_and_refusals_arrive_as_well) {
  use_tls();
  start();
  api_client client{"https://localhost:" + std::to_string(port()), {}, authority.file()};
  EXPECT_EQ(client.call("POST", "/api/v1/tenants", R"({"name":"acme"})").status, 201);
  EXPECT_EQ(client.call("PUT", "/api/v1/sources/api", std::string(60'000, 'x')).status, 200);
  auto document = client.call("GET", "/api/v1/openapi.json");
  EXPECT_TRUE(document.is_complete);
  EXPECT_GT(document.body.size(), 20'000u);
  auto refused = client.call("POST", "/api/v1/import", std::string(200'000, 'x'));
  EXPECT_EQ(refused.status, 413) << refused.body;
}

TEST_F(access_test, what_is_wrong_with_a_certificate_is_told_by_setting_and_file) {
  auto identity = authority.issue("localhost"), another = authority.issue("localhost");
  const auto certificate = file("node.pem", identity.certificate), key = file("node.key", identity.key);
  use_certificate(certificate, "");
  EXPECT_THAT(why_not(), HasSubstr("belong together"));
  use_certificate("", key);
  EXPECT_THAT(why_not(), HasSubstr("belong together"));
  use_certificate(folder + "/none", key);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("console.certificate_file (" + folder + "/none)"), HasSubstr("readable")));
  use_certificate(certificate, certificate);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("console.key_file (" + certificate), HasSubstr("private key")));
  use_certificate(certificate, file("another.key", another.key));
  EXPECT_THAT(why_not(), AllOf(HasSubstr("console.key_file"), HasSubstr("not the key of")));
  use_certificate(file("old.pem", authority.issue("localhost", -60).certificate), key);
  EXPECT_THAT(why_not(), HasSubstr("console."));
  use_certificate(certificate, key);
  EXPECT_EQ(why_not(), "");
}

TEST_F(access_test, a_certificate_that_is_over_is_refused) {
  auto identity = authority.issue("localhost", -60);
  use_certificate(file("node.pem", identity.certificate), file("node.key", identity.key));
  EXPECT_THAT(why_not(), AllOf(HasSubstr("console.certificate_file"), HasSubstr("is over")));
}

TEST_F(access_test, a_head_that_drips_in_ends_the_connection) {
  limits.head = 200ms;
  start();
  slow_client client{port()};
  client.say("GET /healthz HTTP/1.1\r\nX: ");
  EXPECT_TRUE(client.drips_until_closed());
}

TEST_F(access_test, a_body_that_drips_in_ends_the_connection) {
  limits.body = 200ms;
  start();
  slow_client client{port()};
  client.say("POST /api/v1/tenants HTTP/1.1\r\nHost: " + server->address() + "\r\nContent-Length: 10000\r\n\r\n");
  EXPECT_TRUE(client.drips_until_closed());
}

TEST_F(access_test, who_says_nothing_is_let_go) {
  limits.silence = 200ms;
  start();
  EXPECT_TRUE(slow_client{port()}.is_closed_after(5s));
  slow_client second{port()};
  second.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(second.is_closed_after(5s)) << "the answer";
  std::string answer(4096, ' ');
  boost::system::error_code failed;
  while (!failed)
    second.socket.read_some(asio::buffer(answer), failed);
  EXPECT_EQ(failed, asio::error::eof);
}

TEST_F(access_test, a_handshake_that_does_not_come_is_not_waited_for) {
  use_tls();
  limits.handshake = 200ms;
  start();
  EXPECT_TRUE(slow_client{port()}.is_closed_after(5s));
}

TEST_F(access_test, one_address_does_not_get_all_connections) {
  limits.of_one_address = 2;
  start();
  std::vector<std::unique_ptr<slow_client>> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(std::make_unique<slow_client>(port()));
    held.back()->say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_FALSE(held.back()->is_closed_after(5s)) << "it is answered";
  }
  EXPECT_TRUE(slow_client{port()}.is_closed_after(5s));
  EXPECT_THAT(get("/healthz", "", "127.0.0.2"), StartsWith("HTTP/1.1 200"));
  held.clear();
  for (int i = 0; i < 250; ++i) // until the server has seen them go
    if (get("/healthz").starts_with("HTTP/1.1 200"))
      return;
  FAIL() << "those that are gone still count";
}
