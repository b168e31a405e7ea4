#include "runtime/redis/redis_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <fstream>

#include "messages/error.hpp"
#include "tests/support/redis_fixture.hpp"
#include "tests/support/test_certificates.hpp"

using namespace lode;
using namespace lode::test;

namespace {

redis_settings at(const std::string& url) {
  redis_settings out;
  out.address = std::get<redis_address>(parse_redis_url(url));
  out.timeout = std::chrono::seconds{20};
  out.pause = std::chrono::milliseconds{0};
  return out;
}

/// What PING yields, or why it does not.
std::string ping(redis_connection& link) {
  redis_command command{"PING"};
  auto replies = link.call(std::span{&command, 1});
  return replies ? replies->front().text : message_of(replies.error());
}

std::string ping(const redis_settings& settings) {
  redis_connection link{settings};
  return ping(link);
}

std::string file_of(const test_redis& server, const std::string& name, const std::string& text) {
  auto path = server.folder() + "/" + name;
  std::ofstream{path} << text;
  return path;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST(redis_connection_test, many_commands_go_at_once_and_their_replies_come_in_order) {
  test_redis server;
  redis_connection link{server.settings()};
  std::string bytes{"\0\r\n\xff$", 5};
  std::string large(300'000, 'x');
  std::vector<redis_command> commands{{"SET", "a", bytes}, {"GET", "a"}, {"NOSUCH"}, {"HSET", "h", "k", large}, {"HGETALL", "h"}, {"GET", "none"}};
  auto replies = link.call(commands);
  ASSERT_TRUE(replies) << message_of(replies.error());
  ASSERT_EQ(replies->size(), 6u);
  EXPECT_EQ((*replies)[1].text, bytes);
  EXPECT_TRUE((*replies)[2].is_error());
  EXPECT_EQ((*replies)[3].number, 1);
  ASSERT_EQ((*replies)[4].items.size(), 2u);
  EXPECT_EQ((*replies)[4].items[1].text, large);
  EXPECT_EQ((*replies)[5].what, redis_reply::kind::nil);
}

TEST(redis_connection_test, a_user_of_the_ACL_gets_in_by_TCP_and_a_wrong_password_is_named_but_not_shown) {
  auto port = std::to_string(free_port());
  test_redis server{{"--port", port, "--user", "miner", "on", ">secret", "~*", "+@all"}};
  EXPECT_EQ(ping(at("redis://miner:secret@127.0.0.1:" + port + "/2")), "PONG");
  auto refused = ping(at("redis://miner:guess@127.0.0.1:" + port));
  EXPECT_TRUE(contains(refused, "127.0.0.1:" + port)) << refused;
  EXPECT_TRUE(contains(refused, "WRONGPASS")) << refused;
  EXPECT_FALSE(contains(refused, "guess")) << refused;
}

TEST(redis_connection_test, TLS_checks_the_certificate_and_the_host_name) {
  test_authority authority;
  test_authority stranger;
  auto identity = authority.issue("localhost");
  auto port = std::to_string(free_port());
  test_redis files; // a folder that lives as long as the test
  test_redis server{{"--tls-port", port, "--tls-cert-file", file_of(files, "cert.pem", identity.certificate),
                     "--tls-key-file", file_of(files, "key.pem", identity.key), "--tls-ca-cert-file", authority.file(),
                     "--tls-auth-clients", "no"}};
  auto trusted = at("rediss://localhost:" + port);
  trusted.ca_file = authority.file();
  EXPECT_EQ(ping(trusted), "PONG");
  auto untrusted = trusted;
  untrusted.ca_file = stranger.file();
  EXPECT_TRUE(contains(ping(untrusted), "TLS handshake failed")) << ping(untrusted);
  auto misnamed = trusted;
  misnamed.address.host = "127.0.0.1";
  EXPECT_TRUE(contains(ping(misnamed), "certificate verify failed")) << ping(misnamed);
}

TEST(redis_connection_test, a_server_that_does_not_answer_is_given_up) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent{io, {boost::asio::ip::address_v4::loopback(), 0}};
  auto settings = at("redis://127.0.0.1:" + std::to_string(silent.local_endpoint().port()));
  settings.timeout = std::chrono::milliseconds{50};
  EXPECT_TRUE(contains(ping(settings), "did not answer within 50 ms"));
}

TEST(redis_connection_test, after_a_failure_calls_fail_at_once_for_a_while) {
  test_redis server;
  auto settings = server.settings();
  settings.pause = std::chrono::hours{1};
  redis_connection link{settings};
  EXPECT_EQ(ping(link), "PONG");
  server.kill();
  auto first = ping(link);
  EXPECT_NE(first, "PONG");
  server.start();
  EXPECT_EQ(ping(link), first); // still the reason of the failure, though the server is there
}

TEST(redis_connection_test, a_server_that_goes_on_failing_is_left_alone_longer_and_longer) {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent{io, {boost::asio::ip::address_v4::loopback(), 0}};
  auto settings = at("redis://127.0.0.1:" + std::to_string(silent.local_endpoint().port()));
  settings.timeout = std::chrono::milliseconds{1};
  settings.pause = std::chrono::milliseconds{1};
  settings.longest_pause = std::chrono::hours{1};
  redis_connection link{settings};
  // After 1 ms, 2 ms, 4 ms ...: 10 tries take more than half a second.
  for (auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{500}; std::chrono::steady_clock::now() < end;)
    ping(link);
  io.poll();
  int tries = 0;
  silent.non_blocking(true);
  for (boost::system::error_code error; !error; tries += error ? 0 : 1)
    boost::asio::ip::tcp::socket taken = silent.accept(error);
  EXPECT_GT(tries, 1);
  EXPECT_LE(tries, 10);
}

TEST(redis_connection_test, a_server_that_was_away_is_found_again) {
  test_redis server;
  redis_connection link{server.settings()};
  EXPECT_EQ(ping(link), "PONG");
  server.kill();
  EXPECT_NE(ping(link), "PONG");
  server.start();
  EXPECT_EQ(ping(link), "PONG");
}
