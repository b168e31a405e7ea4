#include "actors/extraction/call_report.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "tests/support/mining_fixtures.hpp"

namespace lode {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* key = "shop-key-4711";
constexpr const char* token = "tok-en-in-use-99";

struct call_report_test : testing::Test {
  call_report_test() {
    auto made = std::make_shared<connection_context>(*item_connection(1, item_plan()));
    made->secrets = R"({"api_key":"shop-key-4711","nested":[{"pin":123456}]})";
    connection = made;
    request.url = "https://api.test/items?after=5&sig_x=hush-hush&q=shop-key-4711&api_key=shop-key-4711";
    request.headers = {{"X-Odd", key}, {"Authorization", "Bearer abc"}, {"Cookie", "a=b"}, {"X-Api-Key", "any"}, {"Accept", "*/*"}};
    request.credential_parameters = {"sig_x"};
    response.status = 500;
    response.headers = {{"Set-Cookie", "session=1234"}, {"X-Request-Id", "r-1"}, {"X-Echo", std::string{"got "} + token}};
    response.body = std::string{R"({"error":"no luck with shop-key-4711, pin 123456 or )"} + token + R"(","refresh_token":"new-one"})";
  }
  call_error describe() {
    failed_call call{*connection, stream_id{100}, run_id{2}, R"({"account":"eu"})"};
    call.at = instant{std::chrono::hours{1}};
    call.text = std::string{"tenant1/items/items: the API answered 500: "} + key;
    call.request = &request;
    call.response = &response;
    call.secrets = {token};
    return described(call);
  }

  connection_pointer connection;
  http_request request;
  http_response response;
};

TEST_F(call_report_test, what_people_need_is_there) {
  auto error = describe();
  EXPECT_EQ(error.connection, connection->connection);
  EXPECT_EQ(error.status, 500);
  EXPECT_THAT(error.request, testing::StartsWith("GET https://api.test/items?after=5&sig_x=***&"));
  EXPECT_THAT(error.request, HasSubstr("\nAccept: */*"));
  EXPECT_THAT(error.response, testing::StartsWith("HTTP 500\n"));
  EXPECT_THAT(error.response, HasSubstr("X-Request-Id: r-1"));
  EXPECT_THAT(error.response, HasSubstr("\n\n{\"error\":\"no luck with ***"));
}

TEST_F(call_report_test, no_secret_is_in_query_header_body_or_text) {
  auto error = describe();
  const auto all = error.text + error.request + error.response;
  for (const char* hidden : {key, token, "hush-hush", "Bearer abc", "a=b", "session=1234", "123456", "new-one"})
    EXPECT_THAT(all, Not(HasSubstr(hidden)));
  EXPECT_THAT(error.request, HasSubstr("X-Api-Key: ***"));
}

TEST_F(call_report_test, texts_are_cut_and_can_be_stored) {
  response.body = std::string(100'000, 'x') + "\xff";
  request.url += std::string(5'000, 'y');
  auto error = describe();
  EXPECT_LE(error.response.size(), 2'048u);
  EXPECT_LE(error.request.size(), 2'048u);
  response.body = "a\xff\0b";
  EXPECT_THAT(describe().response, HasSubstr("a?"));
}

TEST_F(call_report_test, a_body_that_may_hold_new_secrets_is_left_out) {
  failed_call call{*connection};
  call.response = &response;
  call.shows_body = false;
  EXPECT_THAT(described(call).response, Not(HasSubstr("no luck")));
}

} // namespace
} // namespace lode
