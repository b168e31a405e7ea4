#include "tests/integration/websocket/websocket_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct websocket_tls_test : websocket_test {
  test::test_authority authority;

  static test_http_server::handler serves(test::test_identity identity, test_http_server::handler then = echo) {
    return [=](server_connection& c) {
      if (c.start_tls(identity))
        then(c);
    };
  }

  void trust(const test_http_server& server) {
    settings.network.ca_file = authority.file();
    settings.network.resolve["api.example"] = server.address();
  }

  websocket_closed end_at(test_http_server::handler handler) {
    test_http_server server{std::move(handler)};
    trust(server);
    return end_of("wss://api.example/live?token=s3cret");
  }
};

TEST_F(websocket_tls_test, a_trusted_server_is_asked_by_its_name) {
  std::promise<std::string> name;
  test_http_server server{serves(authority.issue("api.example"), [&](server_connection& c) {
    name.set_value(c.asked_name());
    echo(c);
  })};
  trust(server);
  recorder seen;
  auto socket = open("wss://api.example/live", seen);
  client().send(socket, "hello");
  EXPECT_EQ(seen.messages(1), std::vector<std::string>{"hello"});
  EXPECT_EQ(name.get_future().get(), "api.example");
  client().close(socket);
  EXPECT_EQ(seen.closed().reason, websocket_end::closed);
}

TEST_F(websocket_tls_test, a_certificate_may_be_for_an_address) {
  test_http_server server{serves(authority.issue("127.0.0.1"))};
  trust(server);
  recorder seen;
  open("wss://" + server.address() + "/", seen);
  seen.opened();
}

TEST_F(websocket_tls_test, large_messages_go_both_ways) {
  settings.max_message_bytes = settings.max_queued_bytes = 8 << 20;
  test_http_server server{serves(authority.issue("api.example"))};
  trust(server);
  recorder seen;
  auto socket = open("wss://api.example/live", seen);
  std::string large(3 << 20, 'x');
  client().send(socket, large);
  client().send(socket, "small");
  auto got = seen.messages(2);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0], large);
  EXPECT_EQ(got[1], "small");
}

TEST_F(websocket_tls_test, many_messages_in_one_record_all_arrive) {
  test_http_server server{serves(authority.issue("api.example"), after_accept([](websocket_peer& peer) {
    std::string frames;
    for (int i = 0; i < 2000; ++i)
      frames += std::string{"\x81\x04"} + std::to_string(1000 + i % 9000);
    peer.write(frames);
  }))};
  trust(server);
  recorder seen;
  open("wss://api.example/live", seen);
  auto got = seen.messages(2000);
  ASSERT_EQ(got.size(), 2000u);
  EXPECT_EQ(got.back(), "2999");
}

TEST_F(websocket_tls_test, a_certificate_for_another_host_is_refused) {
  auto end = end_at(serves(authority.issue("evil.example")));
  EXPECT_EQ(end.reason, websocket_end::tls);
  EXPECT_NE(end.message.find("ostname mismatch"), std::string::npos) << end.message;
  EXPECT_EQ(end.message.find("s3cret"), std::string::npos) << end.message;
}

TEST_F(websocket_tls_test, a_certificate_of_an_unknown_authority_is_refused) {
  test::test_authority other;
  EXPECT_EQ(end_at(serves(other.issue("api.example"))).reason, websocket_end::tls);
}

TEST_F(websocket_tls_test, a_server_without_tls_is_a_tls_failure) {
  EXPECT_EQ(end_at([](server_connection& c) {
    c.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    c.wait_for_close();
  }).reason, websocket_end::tls);
}

TEST_F(websocket_tls_test, a_handshake_that_stalls_times_out_as_connecting) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  trust(server);
  EXPECT_EQ(end_of({.url = "wss://api.example/", .connect_timeout = 50ms}).reason, websocket_end::timeout_connect);
}

TEST_F(websocket_tls_test, a_stream_cut_without_farewell_is_a_reset) {
  auto end = end_at(serves(authority.issue("api.example"), [](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    peer.send("last words");
  }));
  EXPECT_EQ(end.reason, websocket_end::reset) << end.message;
}

TEST_F(websocket_tls_test, a_peer_that_has_gone_is_no_signal_for_the_process) {
  signal is_open, gone;
  test_http_server server{serves(authority.issue("api.example"), [&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    is_open.wait(); // a reset takes with it what was not read yet
    c.reset();
    gone.give();
  })};
  trust(server);
  recorder seen;
  auto socket = open({.url = "wss://api.example/live"}, seen); // without credit: only sending can tell
  seen.opened();
  is_open.give();
  ASSERT_TRUE(gone.wait());
  for (int i = 0; i < 10'000 && seen.ends() == 0; ++i) {
    client().send(socket, "are you there?");
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(seen.closed().reason, websocket_end::reset);
}

} // namespace lode
