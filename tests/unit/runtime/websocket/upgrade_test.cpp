#include "runtime/websocket/upgrade.hpp"

#include <gtest/gtest.h>

namespace lode {

http_url url_of(const std::string& text) {
  auto parsed = parse_websocket_url(text);
  EXPECT_TRUE(std::holds_alternative<http_url>(parsed)) << text;
  return std::get<http_url>(parsed);
}

TEST(websocket_url_test, ws_is_http_and_wss_is_https_with_their_ports) {
  EXPECT_EQ(to_string(url_of("ws://api.example/live?x=1")), "http://api.example/live?x=1");
  EXPECT_EQ(url_of("ws://api.example").port, 80);
  EXPECT_EQ(url_of("WSS://api.example/live").scheme, "https");
  EXPECT_EQ(url_of("wss://api.example").port, 443);
  EXPECT_EQ(url_of("wss://api.example:8443/").port, 8443);
}

TEST(websocket_url_test, http_and_https_are_understood_as_such) {
  EXPECT_EQ(url_of("https://api.example/live").port, 443);
  EXPECT_EQ(url_of("http://api.example/live").scheme, "http");
}

TEST(websocket_url_test, other_schemes_are_refused) {
  for (auto text : {"ftp://api.example", "wsss://api.example", "api.example", "", "ws:", "ws://"})
    EXPECT_TRUE(std::holds_alternative<http_error>(parse_websocket_url(text))) << text;
}

struct upgrade_request_test : testing::Test {
  websocket_request request{.url = "ws://api.example/"};

  auto headers() { return upgrade_headers(request, "lode"); }
};

TEST_F(upgrade_request_test, headers_of_the_caller_are_sent_but_not_those_of_the_upgrade) {
  request.headers = {{"Authorization", "Bearer t"}, {"Sec-WebSocket-Key", "mine"}, {"Host", "other"}, {"Upgrade", "h2c"}};
  auto sent = headers();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].value, "Bearer t");
  EXPECT_EQ(sent[1].value, "lode");
}

TEST_F(upgrade_request_test, a_user_agent_of_the_caller_stays) {
  request.headers = {{"user-agent", "mine"}};
  ASSERT_EQ(headers().size(), 1u);
}

TEST_F(upgrade_request_test, subprotocols_are_offered_in_order) {
  request.subprotocols = {"lode.v2", "lode.v1"};
  EXPECT_EQ(*find_header(headers(), "Sec-WebSocket-Protocol"), "lode.v2, lode.v1");
}

TEST_F(upgrade_request_test, what_would_break_out_of_its_line_is_refused) {
  auto url = url_of(request.url);
  EXPECT_FALSE(check_upgrade(request, url));
  request.headers = {{"X", "a\r\nEvil: b"}};
  EXPECT_TRUE(check_upgrade(request, url));
  request.headers.clear();
  request.subprotocols = {"a\r\nEvil: b"};
  EXPECT_TRUE(check_upgrade(request, url));
}

TEST(upgrade_answer_test, it_is_known_with_the_end_of_its_head) {
  upgrade_answer answer;
  EXPECT_TRUE(answer.add("HTTP/1.1 429 Too Many Requests\r\nRetry-Af"));
  EXPECT_FALSE(answer.is_complete());
  EXPECT_TRUE(answer.add("ter: 7\r\nContent-Length: 100000\r\n\r\nbegin of a body"));
  EXPECT_TRUE(answer.is_declined());
  EXPECT_EQ(answer.status(), 429);
  EXPECT_EQ(*find_header(answer.headers(), "retry-after"), "7");
}

TEST(upgrade_answer_test, what_follows_the_head_does_not_matter) {
  upgrade_answer answer;
  EXPECT_TRUE(answer.add("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_TRUE(answer.add("\x81\x02hi"));
  EXPECT_TRUE(answer.is_complete());
  EXPECT_FALSE(answer.is_declined());
}

TEST(upgrade_answer_test, what_is_no_answer_and_what_has_no_end_are_refused) {
  EXPECT_FALSE(upgrade_answer{}.add("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
  EXPECT_FALSE(upgrade_answer{}.add("HTTP/1.1 101 X\r\nX: " + std::string(100'000, 'x')));
}

struct upgrade_choice_test : testing::Test {
  websocket_request request{.url = "ws://api.example/", .subprotocols = {"a", "b"}};

  bool is_right(std::vector<http_header> answered) { return !check_choice(request, answered).has_value(); }
};

TEST_F(upgrade_choice_test, the_server_takes_one_of_the_subprotocols_or_none) {
  EXPECT_TRUE(is_right({}));
  EXPECT_TRUE(is_right({{"Sec-WebSocket-Protocol", "b"}}));
  EXPECT_FALSE(is_right({{"Sec-WebSocket-Protocol", "c"}}));
  EXPECT_FALSE(is_right({{"Sec-WebSocket-Protocol", ""}}));
}

TEST_F(upgrade_choice_test, only_compression_that_was_offered_is_taken) {
  EXPECT_FALSE(is_right({{"Sec-WebSocket-Extensions", "permessage-deflate"}}));
  request.permessage_deflate = true;
  EXPECT_TRUE(is_right({{"Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=12"}}));
  EXPECT_FALSE(is_right({{"Sec-WebSocket-Extensions", "x-webkit-deflate-frame"}}));
}

} // namespace lode
