#include "runtime/websocket/scripted_websocket_client.hpp"

#include <gtest/gtest.h>

namespace lode {

struct scripted_websocket_client_test : testing::Test {
  std::vector<std::string> seen;
  scripted_websocket_client client;

  websocket_handle open(uint32_t credits) {
    return client.open({.url = "ws://api.example/", .credits = credits},
                       {[this](auto news) { seen.push_back("opened " + news.subprotocol); },
                        [this](auto batch) { seen.insert(seen.end(), batch.begin(), batch.end()); },
                        [this](auto end) { seen.push_back("closed " + std::string{to_string(end.reason)}); }});
  }
};

TEST_F(scripted_websocket_client_test, messages_wait_until_it_is_open_and_for_credit) {
  auto socket = open(1);
  client.deliver(socket, {"a", "b", "c"});
  EXPECT_TRUE(seen.empty());
  client.accept(socket, {.subprotocol = "lode.v1", .headers = {}});
  EXPECT_EQ(seen, (std::vector<std::string>{"opened lode.v1", "a"}));
  client.grant(socket, 5);
  EXPECT_EQ(seen.back(), "c");
  EXPECT_EQ(client.credits(socket), 3u);
}

TEST_F(scripted_websocket_client_test, it_ends_once_and_nothing_follows) {
  auto socket = open(5);
  client.accept(socket);
  client.send(socket, "subscribe");
  client.end(socket, {.reason = websocket_end::idle});
  client.deliver(socket, {"late"});
  client.close(socket);
  EXPECT_EQ(seen, (std::vector<std::string>{"opened ", "closed idle"}));
  EXPECT_EQ(client.sent(socket), std::vector<std::string>{"subscribe"});
  EXPECT_FALSE(client.last_heard(socket));
}

TEST_F(scripted_websocket_client_test, close_is_answered) {
  auto opened = open(0), opening = open(0);
  client.accept(opened);
  client.close(opened);
  client.close(opening);
  EXPECT_EQ(seen, (std::vector<std::string>{"opened ", "closed closed", "closed cancelled"}));
  EXPECT_EQ(client.stats().open + client.stats().opening, 0u);
}

} // namespace lode
