#include "runtime/console/api_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/type_ids.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;

TEST(api_message_test, a_target_is_path_and_decoded_query) {
  api_request request;
  ASSERT_TRUE(parse_target("/a%20b?x=1+2%2B&y&z=%C3%A9", request));
  EXPECT_EQ(request.path, "/a%20b");
  EXPECT_EQ(request.query_text("x"), "1 2+");
  EXPECT_EQ(request.query_text("y", "none"), "");
  EXPECT_EQ(request.query_text("z"), "\xc3\xa9");
}

TEST(api_message_test, malformed_targets_are_refused) {
  api_request request;
  for (auto target : {"", "a", "http://host/a", "/?x=%4", "/?x=%zz"})
    EXPECT_FALSE(parse_target(target, request)) << target;
}

TEST(api_message_test, numbers_in_a_query_are_bounded) {
  api_request request;
  ASSERT_TRUE(parse_target("/?a=5&b=0&c=x&d=99", request));
  EXPECT_EQ(*request.query_number("a", 1, 10), 5u);
  EXPECT_EQ(*request.query_number("absent", 7, 10), 7u);
  for (auto name : {"b", "c", "d"})
    EXPECT_FALSE(request.query_number(name, 1, 10)) << name;
}

TEST(api_message_test, an_answer_is_compressed_only_for_who_takes_it_so) {
  for (auto taken : {"gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8", "deflate ,gzip"})
    EXPECT_TRUE(takes_gzip(taken)) << taken;
  for (auto refused : {"", "identity", "br", "gzip;q=0", "gzip;q=0.0, br", "xgzip", "*;q=0"})
    EXPECT_FALSE(takes_gzip(refused)) << refused;
}

TEST(api_message_test, errors_become_a_status_and_never_carry_a_secret) {
  auto response = error_response(caf::make_error(errc::not_found, "no page at ?access_token=hunter2"));
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("\"code\":\"not_found\""));
  EXPECT_THAT(response.body, Not(HasSubstr("hunter2")));
}

TEST(api_message_test, each_kind_of_error_has_its_status) {
  EXPECT_EQ(status_of(errc::bad_argument), 400);
  EXPECT_EQ(status_of(errc::conflict), 409);
  EXPECT_EQ(status_of(errc::stale_version), 409);
  EXPECT_EQ(status_of(errc::bad_source), 422);
  EXPECT_EQ(status_of(errc::store_unavailable), 503);
  EXPECT_EQ(status_of(errc::internal), 500);
}
