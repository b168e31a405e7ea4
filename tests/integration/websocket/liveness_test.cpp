#include "tests/integration/websocket/websocket_test.hpp"

using namespace std::chrono_literals;
using boost::beast::websocket::frame_type;

namespace lode {

struct websocket_liveness_test : websocket_test {
  std::atomic<int> pings = 0, pongs = 0;

  /// Counts the control frames that come. Answers pings, as Beast does.
  test_http_server::handler counting(std::function<void(websocket_peer&)> then = [](auto&) {}) {
    return [=, this](server_connection& c) {
      websocket_peer peer{c};
      peer.on_control = [this](frame_type kind) {
        pings += kind == frame_type::ping;
        pongs += kind == frame_type::pong;
      };
      if (!peer.accept())
        return;
      then(peer);
      peer.receive_all();
    };
  }
};

TEST_F(websocket_liveness_test, pongs_keep_a_quiet_socket_open) {
  test_http_server server{counting()};
  recorder seen;
  auto socket = open({.url = url_of(server), .idle_timeout = 1s, .ping_every = 100ms, .credits = 1}, seen);
  seen.opened();
  auto opened = client().last_heard(socket);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(eventually([&] { return pings >= 15; })) << pings;
  EXPECT_EQ(seen.ends(), 0u) << seen.closed().message;
  EXPECT_GE(*client().last_heard(socket) - *opened, 1s) << "a pong is something heard";
}

TEST_F(websocket_liveness_test, a_half_open_peer_is_found) {
  signal over;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    over.wait(); // neither reads nor answers
  }};
  recorder seen;
  open({.url = url_of(server), .idle_timeout = 200ms, .ping_every = 50ms, .credits = 1}, seen);
  auto end = seen.closed();
  EXPECT_EQ(end.reason, websocket_end::idle) << end.message;
  over.give();
}

TEST_F(websocket_liveness_test, a_silent_peer_is_found_without_pings) {
  test_http_server server{counting()};
  EXPECT_EQ(end_of({.url = url_of(server), .idle_timeout = 100ms, .credits = 1}).reason, websocket_end::idle);
  EXPECT_EQ(pings, 0);
}

TEST_F(websocket_liveness_test, a_socket_that_is_not_read_is_not_idle) {
  test_http_server server{counting([](websocket_peer& peer) { peer.send("one"), peer.send("two"); })};
  recorder seen;
  auto socket = open({.url = url_of(server), .idle_timeout = 200ms, .ping_every = 50ms, .credits = 1}, seen);
  seen.messages(1);
  EXPECT_TRUE(eventually([&] { return pongs >= 10 || seen.ends() > 0; }));
  EXPECT_EQ(seen.ends(), 0u) << seen.closed().message;
  client().grant(socket, 1);
  EXPECT_EQ(seen.messages(2).back(), "two");
}

TEST_F(websocket_liveness_test, a_peer_that_has_gone_is_found_while_nothing_is_read) {
  signal is_open;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    is_open.wait(); // a reset takes with it what was not read yet
    c.reset();
  }};
  recorder seen;
  open({.url = url_of(server), .idle_timeout = 30s, .ping_every = 20ms}, seen);
  seen.opened();
  is_open.give();
  EXPECT_EQ(seen.closed().reason, websocket_end::reset);
}

TEST_F(websocket_liveness_test, the_servers_pings_are_answered) {
  test_http_server server{counting([](websocket_peer& peer) { peer.ping(), peer.ping(), peer.ping(); })};
  recorder seen;
  open(server, seen);
  EXPECT_TRUE(eventually([&] { return pongs == 3; })) << pongs;
}

TEST_F(websocket_liveness_test, a_message_that_comes_slowly_is_not_silence) {
  test_http_server server{counting([](websocket_peer& peer) {
    peer.write("\x81\x14");
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(50ms);
      peer.write("x");
    }
  })};
  recorder seen;
  open({.url = url_of(server), .idle_timeout = 800ms, .credits = 1}, seen);
  EXPECT_EQ(seen.messages(1).front(), std::string(20, 'x'));
}

TEST_F(websocket_liveness_test, nothing_is_known_of_sockets_that_are_not_open) {
  EXPECT_FALSE(client().last_heard({77}));
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  recorder seen;
  EXPECT_FALSE(client().last_heard(open(server, seen)));
}

} // namespace lode
