#include "tests/integration/websocket/websocket_test.hpp"

#include <boost/asio/io_context.hpp>

using namespace std::chrono_literals;

namespace lode {

struct websocket_upgrade_test : websocket_test {
  /// The head of an answer to each upgrade; the connection stays open behind it.
  static test_http_server::handler answers(std::string head) {
    return [head = std::move(head)](server_connection& c) {
      c.read_request();
      c.write(head);
      c.wait_for_close();
    };
  }
};

TEST_F(websocket_upgrade_test, a_socket_opens_with_headers_and_a_subprotocol) {
  std::promise<test::server_request> asked;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    peer.accept([&](auto& request, auto& response) {
      asked.set_value(request);
      response.set("Sec-WebSocket-Protocol", "lode.v1");
      response.set("X-Region", "eu");
    });
    peer.receive_all();
  }};
  recorder seen;
  open({.url = url_of(server) + "?after=7",
        .headers = {{"Authorization", "Bearer t"}, {"Sec-WebSocket-Version", "1"}},
        .subprotocols = {"lode.v2", "lode.v1"}},
       seen);
  auto news = seen.opened();
  EXPECT_EQ(news.subprotocol, "lode.v1");
  EXPECT_EQ(*find_header(news.headers, "X-Region"), "eu");
  auto request = asked.get_future().get();
  EXPECT_EQ(request.target(), "/live?after=7");
  EXPECT_EQ(request["Host"], server.address());
  EXPECT_EQ(request["Authorization"], "Bearer t");
  EXPECT_EQ(request["User-Agent"], "lode");
  EXPECT_EQ(request["Sec-WebSocket-Version"], "13");
  EXPECT_EQ(request["Sec-WebSocket-Protocol"], "lode.v2, lode.v1");
  EXPECT_EQ(request.count("Sec-WebSocket-Extensions"), 0u);
  auto stats = client().stats();
  EXPECT_EQ(stats.open, 1u);
  EXPECT_EQ(stats.opening, 0u);
}

TEST_F(websocket_upgrade_test, status_401_and_403_say_unauthorized_without_waiting_for_a_body) {
  for (auto status : {401, 403}) {
    test_http_server server{answers("HTTP/1.1 " + std::to_string(status) + " No\r\nWWW-Authenticate: Bearer\r\n\r\n")};
    auto end = end_of(server);
    EXPECT_EQ(end.reason, websocket_end::unauthorized) << end.message;
    EXPECT_EQ(end.status, status);
    EXPECT_NE(find_header(end.headers, "www-authenticate"), nullptr);
  }
}

TEST_F(websocket_upgrade_test, a_full_server_says_when_to_come_back) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.respond(429, "slow down", "Retry-After: 7\r\n");
  }};
  auto end = end_of(server);
  EXPECT_EQ(end.reason, websocket_end::refused) << end.message;
  EXPECT_EQ(end.status, 429);
  EXPECT_EQ(*find_header(end.headers, "Retry-After"), "7");
}

TEST_F(websocket_upgrade_test, a_redirect_is_not_followed) {
  test_http_server server{answers("HTTP/1.1 301 Moved\r\nLocation: wss://evil.example/\r\nContent-Length: 0\r\n\r\n")};
  auto end = end_of(server);
  EXPECT_EQ(end.reason, websocket_end::refused);
  EXPECT_EQ(end.status, 301);
  EXPECT_EQ(*find_header(end.headers, "Location"), "wss://evil.example/");
}

TEST_F(websocket_upgrade_test, an_ordinary_response_is_no_socket) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.respond(200, "hello");
  }};
  auto end = end_of(server);
  EXPECT_EQ(end.reason, websocket_end::refused);
  EXPECT_EQ(end.status, 200);
}

TEST_F(websocket_upgrade_test, a_wrong_accept_is_a_protocol_error) {
  test_http_server server{answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")};
  EXPECT_EQ(end_of(server).reason, websocket_end::protocol_error);
}

TEST_F(websocket_upgrade_test, what_is_not_http_is_a_protocol_error) {
  test_http_server server{answers("SSH-2.0-OpenSSH_9.2\r\n\r\n")};
  EXPECT_EQ(end_of(server).reason, websocket_end::protocol_error);
}

TEST_F(websocket_upgrade_test, a_subprotocol_that_was_not_offered_is_a_protocol_error) {
  test_http_server server{[](server_connection& c) {
    websocket_peer peer{c};
    peer.accept([](auto&, auto& response) { response.set("Sec-WebSocket-Protocol", "soap"); });
    peer.receive_all();
  }};
  recorder seen;
  open({.url = url_of(server), .subprotocols = {"lode.v1"}}, seen);
  EXPECT_EQ(seen.closed().reason, websocket_end::protocol_error);
  EXPECT_FALSE(seen.was_opened());
}

TEST_F(websocket_upgrade_test, a_connection_that_ends_in_the_upgrade_is_a_reset) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 101 Swit");
  }};
  EXPECT_EQ(end_of(server).reason, websocket_end::reset);
}

// Beast 1.81 fails when more than its read buffer (1,536 bytes) follows a response whose head did not fit into it.
TEST_F(websocket_upgrade_test, a_large_head_may_be_followed_by_a_burst_at_once) {
  test_http_server server{[](server_connection& c) {
    auto request = c.read_request();
    boost::beast::websocket::detail::sec_ws_accept_type accept;
    boost::beast::websocket::detail::make_sec_ws_accept(accept, (*request)["Sec-WebSocket-Key"]);
    std::string all = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: "
                      + std::string{accept.data(), accept.size()} + "\r\nX-Large: " + std::string(4000, 'x') + "\r\n\r\n";
    for (int i = 0; i < 1000; ++i)
      all += "\x81\x7d" + std::string(125, static_cast<char>('a' + i % 26));
    c.write(all);
    c.wait_for_close();
  }};
  recorder seen;
  open(server, seen);
  auto messages = seen.messages(1000);
  ASSERT_EQ(messages.size(), 1000u);
  EXPECT_EQ(messages[27], std::string(125, 'b'));
}

TEST_F(websocket_upgrade_test, what_cannot_be_sent_is_refused_without_its_secrets) {
  for (auto& url : {"ftp://api.example/?token=s3cret", "ws://user:s3cret@api.example/", ""}) {
    auto end = end_of(url);
    EXPECT_EQ(end.reason, websocket_end::invalid_request) << url;
    EXPECT_EQ(end.message.find("s3cret"), std::string::npos) << end.message;
  }
  auto end = end_of({.url = "ws://api.example", .headers = {{"X", "s3cret\r\nEvil: 1"}}});
  EXPECT_EQ(end.reason, websocket_end::invalid_request);
  EXPECT_EQ(end.message.find("s3cret"), std::string::npos) << end.message;
}

TEST_F(websocket_upgrade_test, a_name_without_an_address_is_named) {
  auto end = end_of("ws://nowhere.invalid/?token=s3cret");
  EXPECT_EQ(end.reason, websocket_end::resolve) << end.message;
  EXPECT_NE(end.message.find("nowhere.invalid"), std::string::npos) << end.message;
  EXPECT_EQ(end.message.find("s3cret"), std::string::npos) << end.message;
}

TEST_F(websocket_upgrade_test, a_name_of_the_system_is_resolved) {
  test_http_server server{echo};
  recorder seen;
  open("ws://localhost:" + std::to_string(server.port()) + "/", seen);
  seen.opened();
}

TEST_F(websocket_upgrade_test, a_port_where_nobody_listens_is_a_connect_failure) {
  std::string url;
  {
    test_http_server gone{echo};
    url = url_of(gone);
  }
  EXPECT_EQ(end_of(url).reason, websocket_end::connect);
}

TEST_F(websocket_upgrade_test, a_server_that_does_not_answer_is_given_up) {
  test_http_server server{[](server_connection& c) { c.wait_for_close(); }};
  EXPECT_EQ(end_of({.url = url_of(server), .connect_timeout = 50ms}).reason, websocket_end::timeout_connect);
}

TEST_F(websocket_upgrade_test, who_waits_for_its_turn_loses_none_of_its_time) {
  settings.max_opening_per_host = 1;
  signal may_answer;
  test_http_server server{[&](server_connection& c) {
    websocket_peer peer{c};
    auto upgrade = c.read_request();
    if (!upgrade)
      return;
    if (c.number == 1)
      may_answer.wait();
    peer.accept(*upgrade);
    peer.receive_all();
  }};
  recorder first, second, other;
  open(server, first);
  open({.url = url_of(server), .connect_timeout = 200ms}, second);
  ASSERT_TRUE(eventually([&] { return server.connections() == 1; }));
  // Another host is not kept waiting; and it shows that more time has passed than the second one has.
  test_http_server elsewhere{[](server_connection& c) { c.wait_for_close(); }};
  auto url = "ws://localhost:" + std::to_string(elsewhere.port()) + "/";
  EXPECT_EQ(end_of({.url = url, .connect_timeout = 250ms}).reason, websocket_end::timeout_connect);
  EXPECT_EQ(second.ends(), 0u);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client().stats().opening, 2u);
  may_answer.give();
  first.opened();
  second.opened();
}

TEST_F(websocket_upgrade_test, a_proxy_is_asked_for_a_tunnel) {
  std::promise<test::server_request> asked;
  test_http_server proxy{[&](server_connection& c) {
    asked.set_value(c.read_request().value());
    c.write("HTTP/1.1 200 Connection established\r\n\r\n");
    echo(c);
  }};
  settings.network.http_proxy = "http://user:hidden@" + proxy.address();
  recorder seen;
  auto socket = open("ws://api.example/live", seen);
  client().send(socket, "through the tunnel");
  EXPECT_EQ(seen.messages(1), std::vector<std::string>{"through the tunnel"});
  auto request = asked.get_future().get();
  EXPECT_EQ(request.method_string(), "CONNECT");
  EXPECT_EQ(request.target(), "api.example:80");
}

TEST_F(websocket_upgrade_test, a_refused_tunnel_is_a_proxy_failure) {
  test_http_server proxy{[](server_connection& c) {
    c.read_request();
    c.respond(407, "who are you?");
  }};
  settings.network.http_proxy = "http://user:hidden@" + proxy.address();
  auto end = end_of("ws://api.example/live");
  EXPECT_EQ(end.reason, websocket_end::proxy) << end.message;
  EXPECT_EQ(end.message.find("hidden"), std::string::npos) << end.message;
}

TEST_F(websocket_upgrade_test, settings_that_cannot_work_are_told_at_the_start) {
  settings.network.ca_file = "/nowhere.pem";
  EXPECT_TRUE(std::holds_alternative<http_error>(make_websocket_client(settings)));
}

} // namespace lode
