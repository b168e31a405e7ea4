#include "runtime/redis/redis_report.hpp"

#include <gmock/gmock.h>

#include "messages/error.hpp"
#include "tests/support/redis_fixture.hpp"

namespace lode::test {

using testing::HasSubstr;

TEST(redis_report_test, a_server_that_can_be_used_shows_version_memory_and_round_trip_and_keeps_nothing) {
  test_redis server{{"--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"}};
  auto found = inspect_redis(server.settings());
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_THAT(found->version, HasSubstr("."));
  EXPECT_EQ(found->refused, "");
  EXPECT_EQ(found->memory, 64 << 20);
  EXPECT_EQ(found->policy, "allkeys-lru");
  EXPECT_GT(found->round_trip.count(), 0);
  EXPECT_EQ(server.ask({"DBSIZE"}).number, 0);
}

TEST(redis_report_test, a_right_that_is_missing_is_named) {
  test_redis server;
  ASSERT_EQ(server.ask({"ACL", "SETUSER", "lode", "on", ">pw", "~lode:*", "+hmget", "+hgetall", "+hset", "+unlink"}).text, "OK");
  auto settings = server.settings();
  settings.address.user = "lode";
  settings.address.password = "pw";
  auto found = inspect_redis(settings);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_THAT(found->refused, HasSubstr("EVAL: NOPERM"));
  EXPECT_EQ(found->version, "") << "INFO is not its right either";
  ASSERT_EQ(server.ask({"ACL", "SETUSER", "lode", "+eval", "+time", "+hget", "+hdel", "+pexpire"}).text, "OK");
  EXPECT_EQ(inspect_redis(settings)->refused, "");
}

TEST(redis_report_test, a_server_that_is_not_there_is_an_error_with_its_place) {
  test_redis server;
  server.kill();
  auto found = inspect_redis(server.settings());
  ASSERT_FALSE(found);
  EXPECT_THAT(message_of(found.error()), HasSubstr(server.folder()));
}

} // namespace lode::test
