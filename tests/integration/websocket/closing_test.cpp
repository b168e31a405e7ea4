#include "tests/integration/websocket/websocket_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct websocket_closing_test : websocket_test {};

TEST_F(websocket_closing_test, close_is_a_handshake) {
  std::promise<uint16_t> code;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    peer.receive_all();
    code.set_value(peer.reason().code);
  }};
  recorder seen;
  auto socket = open(server, seen);
  seen.opened();
  client().close(socket);
  client().close(socket);
  auto end = seen.closed();
  EXPECT_EQ(end.reason, websocket_end::closed) << end.message;
  EXPECT_EQ(end.code, 1000);
  EXPECT_EQ(code.get_future().get(), 1000);
  client_.reset();
  EXPECT_EQ(seen.ends(), 1u);
}

TEST_F(websocket_closing_test, close_works_without_credit_and_drops_what_still_comes) {
  test_http_server server{after_accept([](websocket_peer& peer) {
    for (int i = 0; i < 1000; ++i)
      peer.send("too late");
  })};
  recorder seen;
  auto socket = open({.url = url_of(server), .credits = 1}, seen);
  seen.messages(1);
  client().close(socket);
  EXPECT_EQ(seen.closed().reason, websocket_end::closed);
  EXPECT_EQ(seen.received(), 1u);
}

TEST_F(websocket_closing_test, what_is_queued_goes_before_the_close) {
  settings.max_queued_bytes = 64 << 20;
  std::promise<std::vector<std::string>> got;
  signal may_read;
  test_http_server server{after_accept([&](websocket_peer& peer) {
    may_read.wait();
    std::vector<std::string> all;
    while (auto message = peer.receive())
      all.push_back(*message);
    got.set_value(all);
  })};
  recorder seen;
  auto socket = open(server, seen);
  seen.opened();
  client().send(socket, std::string(15 << 20, 'x')); // more than the network holds
  client().send(socket, "last ack");
  client().close(socket);
  may_read.give();
  EXPECT_EQ(seen.closed().reason, websocket_end::closed);
  auto all = got.get_future().get();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all.back(), "last ack");
}

TEST_F(websocket_closing_test, a_close_that_is_not_answered_ends_in_time) {
  settings.close_timeout = 100ms;
  signal over;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    over.wait();
  }};
  recorder seen;
  auto socket = open(server, seen);
  seen.opened();
  client().close(socket);
  EXPECT_EQ(seen.closed().reason, websocket_end::cancelled);
  over.give();
}

TEST_F(websocket_closing_test, a_peer_that_never_stops_sending_does_not_hold_up_a_close) {
  settings.close_timeout = 200ms;
  std::atomic<bool> is_over = false;
  test_http_server server{after_accept([&](websocket_peer& peer) {
    while (!is_over && peer.send(std::string(1000, 'x')))
      continue;
  })};
  recorder seen;
  auto socket = open(server, seen);
  seen.messages(10);
  client().close(socket);
  auto end = seen.closed();
  EXPECT_EQ(end.reason, websocket_end::cancelled) << end.message;
  is_over = true;
}

TEST_F(websocket_closing_test, close_before_it_is_open_cancels) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  recorder seen;
  client().close(open(server, seen));
  EXPECT_EQ(seen.closed().reason, websocket_end::cancelled);
  EXPECT_FALSE(seen.was_opened());
}

TEST_F(websocket_closing_test, the_peers_code_and_words_are_told) {
  test_http_server server{[](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    peer.close(4401, "token expired");
  }};
  auto end = end_of(server);
  EXPECT_EQ(end.reason, websocket_end::closed_by_peer) << end.message;
  EXPECT_EQ(end.code, 4401);
  EXPECT_EQ(end.peer_reason, "token expired");
}

TEST_F(websocket_closing_test, a_close_frame_without_a_code_is_1005) {
  test_http_server server{after_accept([](websocket_peer& peer) { peer.write(std::string{"\x88\0", 2}); })};
  auto end = end_of(server);
  EXPECT_EQ(end.reason, websocket_end::closed_by_peer);
  EXPECT_EQ(end.code, 1005);
}

TEST_F(websocket_closing_test, a_stream_that_ends_without_a_close_frame_is_a_reset) {
  test_http_server server{[](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    peer.send("last words");
  }};
  recorder seen;
  open(server, seen);
  EXPECT_EQ(seen.closed().reason, websocket_end::reset);
  EXPECT_EQ(seen.received(), 1u) << "what came before is handed on";
}

TEST_F(websocket_closing_test, a_reset_is_a_reset) {
  test_http_server server{[](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    peer.receive();
    c.reset();
  }};
  recorder seen;
  client().send(open(server, seen), "go");
  EXPECT_EQ(seen.closed().reason, websocket_end::reset);
}

TEST_F(websocket_closing_test, the_end_of_the_client_is_the_end_of_every_socket) {
  settings.threads = 2;
  settings.max_opening_per_host = 20;
  test_http_server server{after_accept([](websocket_peer& peer) {
    while (peer.send("again"))
      continue;
  })};
  test_http_server silent{[](server_connection& c) { c.wait_for_close(); }};
  std::vector<recorder> flooded(20), unread(10), opening(30), unresolved(5);
  for (auto& each : flooded)
    open(server, each);
  for (auto& each : unread)
    open({.url = url_of(server), .credits = 1}, each);
  for (auto& each : flooded)
    each.messages(10);
  for (auto& each : unread)
    each.messages(1);
  for (auto& each : opening) // some in the upgrade, some wait for their turn
    open(silent, each);
  for (auto& each : unresolved)
    open("ws://nowhere" + std::to_string(&each - unresolved.data()) + ".invalid/", each);
  client_.reset();
  for (auto group : {&flooded, &unread, &opening})
    for (auto& each : *group) {
      ASSERT_EQ(each.ends(), 1u);
      EXPECT_EQ(each.closed().reason, websocket_end::cancelled) << each.closed().message;
      EXPECT_EQ(each.late(), 0u);
    }
  for (auto& each : unresolved)
    EXPECT_EQ(each.ends(), 1u);
}

TEST_F(websocket_closing_test, a_callback_may_close_its_socket) {
  test_http_server server{after_accept([](websocket_peer& peer) { peer.send("one"); })};
  std::promise<websocket_handle> known;
  auto handle = known.get_future().share();
  std::promise<websocket_end> closed;
  known.set_value(client().open({.url = url_of(server), .credits = 5},
                                {[](auto) {}, [&, handle](auto) { client_->close(handle.get()); },
                                 [&](websocket_closed end) { closed.set_value(end.reason); }}));
  EXPECT_EQ(closed.get_future().get(), websocket_end::closed);
}

TEST_F(websocket_closing_test, what_the_callbacks_captured_is_given_back) {
  test_http_server server{echo};
  auto captured = std::make_shared<int>(1);
  auto socket = client().open({.url = url_of(server)}, {[captured](auto) {}, [captured](auto) {}, [captured](auto) {}});
  client().close(socket);
  auto unfit = client().open({.url = "no url"}, {[captured](auto) {}, [captured](auto) {}, [captured](auto) {}});
  EXPECT_NE(socket, unfit);
  EXPECT_TRUE(eventually([&] { return captured.use_count() == 1; })) << captured.use_count();
}

TEST_F(websocket_closing_test, unknown_and_ended_sockets_are_ignored) {
  test_http_server server{echo};
  recorder seen;
  auto socket = open(server, seen);
  client().close(socket);
  seen.closed();
  for (auto each : {socket, websocket_handle{4711}}) {
    client().close(each);
    client().grant(each, 1);
    client().send(each, "x");
  }
  EXPECT_TRUE(eventually([&] { return client().stats().closed == 1; }));
  EXPECT_EQ(client().stats().open, 0u);
  EXPECT_EQ(seen.ends(), 1u);
}

} // namespace lode
