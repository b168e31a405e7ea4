#include "runtime/redis/redis_url.hpp"

#include <gtest/gtest.h>

using namespace lode;

namespace {

redis_address read(std::string_view text) {
  auto found = parse_redis_url(text);
  if (auto wrong = std::get_if<std::string>(&found)) {
    ADD_FAILURE() << text << ": " << *wrong;
    return {};
  }
  return std::get<redis_address>(found);
}

std::string mistake(std::string_view text) {
  auto found = parse_redis_url(text);
  auto wrong = std::get_if<std::string>(&found);
  return wrong ? *wrong : "";
}

} // namespace

TEST(redis_url_test, a_host_alone_means_the_usual_port_and_database) {
  auto address = read("redis://cache.example");
  EXPECT_EQ(address.host, "cache.example");
  EXPECT_EQ(address.port, 6379);
  EXPECT_EQ(address.database, 0u);
  EXPECT_FALSE(address.is_tls);
}

TEST(redis_url_test, every_part_is_read) {
  auto address = read("rediss://miner:p%40ss%2Fword@cache.example:7000/3");
  EXPECT_TRUE(address.is_tls);
  EXPECT_EQ(address.user, "miner");
  EXPECT_EQ(address.password, "p@ss/word");
  EXPECT_EQ(address.host, "cache.example");
  EXPECT_EQ(address.port, 7000);
  EXPECT_EQ(address.database, 3u);
}

TEST(redis_url_test, a_password_needs_no_user) {
  auto address = read("redis://:secret@localhost");
  EXPECT_TRUE(address.user.empty());
  EXPECT_EQ(address.password, "secret");
}

TEST(redis_url_test, an_address_of_version_6_stands_in_brackets) {
  auto address = read("redis://[::1]:6380");
  EXPECT_EQ(address.host, "::1");
  EXPECT_EQ(address.port, 6380);
  EXPECT_EQ(read("redis://[::1]").host, "::1");
  EXPECT_EQ(to_string(address), "redis://[::1]:6380");
}

TEST(redis_url_test, a_socket_is_named_by_its_path) {
  auto address = read("unix:///run/my%20redis.sock?db=2");
  EXPECT_EQ(address.socket, "/run/my redis.sock");
  EXPECT_EQ(address.database, 2u);
}

TEST(redis_url_test, what_is_wrong_is_said_with_what_is_expected) {
  EXPECT_NE(mistake("http://cache").find("begins with 'http'"), std::string::npos);
  EXPECT_NE(mistake("redis://").find("no host"), std::string::npos);
  EXPECT_NE(mistake("redis://cache:port").find("'port'"), std::string::npos);
  EXPECT_NE(mistake("redis://cache:0").find("1 to 65535"), std::string::npos);
  EXPECT_NE(mistake("redis://cache/first").find("'first'"), std::string::npos);
  EXPECT_NE(mistake("unix://redis.sock").find("begins with /"), std::string::npos);
  EXPECT_NE(mistake("redis://cache:port").find("rediss://"), std::string::npos);
}

TEST(redis_url_test, the_password_is_never_shown) {
  EXPECT_EQ(to_string(read("redis://miner:secret@cache/1")), "redis://cache:6379/1");
  EXPECT_EQ(mistake("redis://miner:secret@cache:port").find("secret"), std::string::npos);
}
