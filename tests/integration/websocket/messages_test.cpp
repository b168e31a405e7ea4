#include "tests/integration/websocket/websocket_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct websocket_message_test : websocket_test {
  /// What a server that does `then` after the upgrade brings about.
  websocket_closed end_after(std::function<void(websocket_peer&)> then, websocket_request request = {}) {
    test_http_server server{after_accept(std::move(then))};
    request.url = url_of(server);
    request.credits = 1000;
    return end_of(std::move(request));
  }
  std::vector<std::string> messages_after(size_t count, std::function<void(websocket_peer&)> then,
                                          websocket_request request = {}) {
    test_http_server server{after_accept(std::move(then))};
    recorder seen;
    request.url = url_of(server);
    request.credits = 1'000'000;
    open(std::move(request), seen);
    auto result = seen.messages(count);
    client_.reset();
    return result;
  }
};

TEST_F(websocket_message_test, text_and_binary_arrive_in_order_whatever_their_size) {
  std::vector<std::string> sent;
  for (auto size : {0, 1, 125, 126, 511, 512, 513, 1535, 1536, 1537, 4096, 65'535, 65'536, 200'000, 1 << 20})
    sent.push_back(std::string(static_cast<size_t>(size), static_cast<char>('a' + sent.size())));
  sent.push_back("");
  auto got = messages_after(sent.size(), [&](websocket_peer& peer) {
    for (size_t i = 0; i < sent.size(); ++i)
      peer.send(sent[i], i % 2 == 0);
  });
  EXPECT_TRUE(got == sent);
}

TEST_F(websocket_message_test, fragments_make_one_message) {
  std::string large(100'000, 'x');
  auto got = messages_after(3, [&](websocket_peer& peer) {
    for (auto part : {"one ", "", "mess"})
      peer.send_part(part, false);
    peer.ping(); // between the fragments
    peer.send_part("age", true);
    peer.send_part(large, false);
    peer.send_part(large, false);
    peer.send_part("", true);
    peer.send("next");
  });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0], "one message");
  EXPECT_TRUE(got[1] == large + large);
  EXPECT_EQ(got[2], "next");
}

TEST_F(websocket_message_test, bytes_that_come_one_by_one_make_messages) {
  auto got = messages_after(2, [](websocket_peer& peer) {
    for (char byte : std::string{"\x81\x03" "abc" "\x81\x02" "de"})
      peer.write({&byte, 1});
  });
  EXPECT_EQ(got, (std::vector<std::string>{"abc", "de"}));
}

TEST_F(websocket_message_test, what_arrives_together_is_handed_on_together) {
  std::string frames;
  for (int i = 0; i < 100; ++i)
    frames += "\x81\x7d" + std::string(125, 'x'); // less than the client reads at once
  test_http_server server{after_accept([&](websocket_peer& peer) { peer.write(frames); })};
  recorder seen;
  open(server, seen);
  seen.messages(100);
  EXPECT_LE(seen.batches().size(), 4u) << "TCP may have cut the stream, but not into so many pieces";
}

TEST_F(websocket_message_test, a_message_beyond_the_limit_is_refused_before_it_is_there) {
  auto end = end_after(
    [](websocket_peer& peer) {
      peer.write("\x81\x7f" + std::string{"\0\0\0\1\0\0\0\0", 8}); // announces 4 GiB, and sends nothing
    },
    {.max_message_bytes = 1000});
  EXPECT_EQ(end.reason, websocket_end::too_large) << end.message;
}

TEST_F(websocket_message_test, fragments_beyond_the_limit_are_refused) {
  auto send = [](websocket_peer& peer) {
    for (int i = 0; i < 11; ++i)
      peer.send_part(std::string(100, 'x'), false);
  };
  EXPECT_EQ(end_after(send, {.max_message_bytes = 1000}).reason, websocket_end::too_large);
}

TEST_F(websocket_message_test, a_message_of_just_the_limit_is_taken) {
  auto got = messages_after(1, [](websocket_peer& peer) { peer.send(std::string(1000, 'x')); },
                            {.max_message_bytes = 1000});
  EXPECT_EQ(got.front().size(), 1000u);
}

TEST_F(websocket_message_test, text_that_is_not_utf8_is_a_protocol_error) {
  EXPECT_EQ(end_after([](websocket_peer& peer) { peer.write("\x81\x02\xff\xfe"); }).reason,
            websocket_end::protocol_error);
}

TEST_F(websocket_message_test, frames_that_are_not_allowed_are_protocol_errors) {
  for (auto& frame : {std::string{"\x81\x82\1\2\3\4ab"}, std::string{"\x83\x01x"}, std::string{"\xc1\x01x"},
                      std::string{"\x80\x01x"}, std::string{"\x09\x01x"}, std::string{"\x81\x7e\0\1x", 5}})
    EXPECT_EQ(end_after([&](websocket_peer& peer) { peer.write(frame); }).reason, websocket_end::protocol_error);
}

TEST_F(websocket_message_test, what_came_before_the_damage_is_handed_on) {
  test_http_server server{after_accept([](websocket_peer& peer) { peer.write("\x81\x03" "abc" "\x83\x01x"); })};
  recorder seen;
  open(server, seen);
  EXPECT_EQ(seen.closed().reason, websocket_end::protocol_error);
  EXPECT_EQ(seen.received(), 1u);
  EXPECT_EQ(seen.late(), 0u);
}

struct websocket_deflate_test : websocket_message_test {
  /// Agrees to compression if it is offered.
  static test_http_server::handler compresses(std::function<void(websocket_peer&)> then, std::string* offer = nullptr) {
    return [=](server_connection& c) {
      websocket_peer peer{c};
      peer.deflates = true;
      peer.accept([&](auto& request, auto&) {
        if (offer)
          *offer = std::string{request["Sec-WebSocket-Extensions"]};
      });
      then(peer);
      peer.receive_all();
    };
  }
};

TEST_F(websocket_deflate_test, compressed_messages_go_both_ways) {
  std::string offer;
  test_http_server server{compresses(
    [](websocket_peer& peer) {
      while (auto message = peer.receive())
        peer.send(*message);
    },
    &offer)};
  recorder seen;
  auto socket = open({.url = url_of(server), .permessage_deflate = true, .credits = 100}, seen);
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i)
    sent.push_back(std::string(static_cast<size_t>(1 + i * i * 100), static_cast<char>('a' + i)) + "the same again");
  sent.push_back("");
  for (auto& message : sent)
    client().send(socket, message);
  EXPECT_TRUE(seen.messages(sent.size()) == sent);
  EXPECT_NE(offer.find("permessage-deflate"), std::string::npos);
  std::string all;
  for (auto& message : sent)
    all += message;
  EXPECT_LT(client().stats().bytes_received, all.size() / 10) << "it was not compressed";
}

TEST_F(websocket_deflate_test, a_small_message_that_grows_beyond_the_limit_is_refused) {
  test_http_server server{compresses([](websocket_peer& peer) { peer.send(std::string(50 << 20, 'x')); })};
  auto end = end_of({.url = url_of(server), .permessage_deflate = true, .credits = 100});
  EXPECT_EQ(end.reason, websocket_end::too_large) << end.message;
}

TEST_F(websocket_deflate_test, data_that_does_not_decompress_is_a_protocol_error) {
  test_http_server server{compresses([](websocket_peer& peer) { peer.write("\xc1\x04\xff\xff\xff\xff"); })};
  EXPECT_EQ(end_of({.url = url_of(server), .permessage_deflate = true, .credits = 100}).reason,
            websocket_end::protocol_error);
}

TEST_F(websocket_deflate_test, without_an_offer_nothing_is_compressed) {
  test_http_server server{compresses([](websocket_peer& peer) { peer.send("plain"); })};
  recorder seen;
  open(server, seen);
  EXPECT_EQ(seen.messages(1), std::vector<std::string>{"plain"});
}

struct websocket_send_test : websocket_test {};

TEST_F(websocket_send_test, messages_arrive_in_order_also_those_sent_before_it_was_open) {
  test_http_server server{echo};
  recorder seen;
  auto socket = open(server, seen);
  std::vector<std::string> sent;
  for (int i = 0; i < 1000; ++i) {
    sent.push_back(std::to_string(i) + std::string(static_cast<size_t>(i), '.'));
    client().send(socket, sent.back());
  }
  EXPECT_TRUE(seen.messages(1000) == sent);
  EXPECT_TRUE(eventually([&] { return client().stats().messages_sent == 1000; }));
}

TEST_F(websocket_send_test, more_than_may_be_queued_is_the_end) {
  signal over;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    over.wait(); // reads nothing
  }};
  recorder seen;
  auto socket = open({.url = url_of(server), .max_queued_bytes = 1 << 20}, seen);
  seen.opened();
  for (int i = 0; i < 1000 && seen.ends() == 0; ++i)
    client().send(socket, std::string(100'000, 'x'));
  EXPECT_EQ(seen.closed().reason, websocket_end::overflow);
  over.give();
}

} // namespace lode
