#include "tests/integration/http/http_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct http_connection_test : http_test {};

TEST_F(http_connection_test, requests_in_turn_share_one_connection) {
  test_http_server server{[](server_connection& c) {
    while (auto request = c.read_request()) {
      if (request->method() == boost::beast::http::verb::head)
        c.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      else if (request->target() == "/nothing")
        c.write("HTTP/1.1 204 No Content\r\n\r\n");
      else if (request->target() == "/unchanged")
        c.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
      else
        c.respond(200, "body");
    }
  }};
  auto head = get_of(server.url("/"));
  head.method = "HEAD";
  EXPECT_EQ(answer(head).body, "");
  EXPECT_EQ(answer(server.url("/nothing")).status, 204);
  EXPECT_EQ(answer(server.url("/unchanged")).status, 304);
  EXPECT_EQ(answer(server.url("/")).body, "body");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client().stats().connections_opened, 1u);
}

TEST_F(http_connection_test, a_server_that_says_close_is_believed) {
  test_http_server server{[](server_connection& c) {
    while (c.read_request())
      c.respond(200, "", "Connection: close\r\n");
  }};
  answer(server.url("/"));
  answer(server.url("/"));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(client().stats().stale_retries, 0u);
}

TEST_F(http_connection_test, bytes_after_a_response_are_not_taken_for_the_next_one) {
  test_http_server server{[](server_connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    while (c.read_request())
      c.respond(200, "right");
  }};
  EXPECT_EQ(answer(server.url("/")).body, "ok");
  auto result = ask(server.url("/"));
  if (auto response = std::get_if<http_response>(&result)) {
    EXPECT_EQ(response->body, "ok");
  }
  EXPECT_EQ(server.connections(), 2);
}

/// The first connection answers once and dies at the second request.
void dies_at_second_request(server_connection& c) {
  if (!c.read_request())
    return;
  c.respond(200, "connection " + std::to_string(c.number));
  c.read_request();
  if (c.number > 1)
    c.respond(200, "");
}

TEST_F(http_connection_test, a_kept_connection_that_dies_unanswered_is_replaced_once) {
  test_http_server server{dies_at_second_request};
  EXPECT_EQ(answer(server.url("/")).body, "connection 1");
  EXPECT_EQ(answer(server.url("/")).body, "connection 2");
  EXPECT_EQ(client().stats().stale_retries, 1u);
}

TEST_F(http_connection_test, a_post_is_not_sent_twice) {
  test_http_server server{dies_at_second_request};
  answer(server.url("/"));
  auto post = get_of(server.url("/"));
  post.method = "POST";
  EXPECT_EQ(failure(post).kind, http_failure::reset);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(http_connection_test, a_post_finds_out_in_time_that_its_kept_connection_is_closed) {
  signal closed;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(200, "");
    c.close();
    if (c.number == 1)
      closed.give();
  }};
  answer(server.url("/"));
  closed.wait();
  auto post = get_of(server.url("/"));
  post.method = "POST";
  EXPECT_EQ(answer(post).status, 200);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(http_connection_test, an_unused_connection_is_closed_after_the_idle_timeout) {
  signal client_left;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    c.respond(200, "");
    if (!c.read_request())
      client_left.give();
  }};
  settings.idle_timeout = 20ms;
  answer(server.url("/"));
  client_left.wait();
  while (client().stats().connections_open != 0)
    std::this_thread::yield();
  EXPECT_EQ(client().stats().connections_idle, 0u);
}

TEST_F(http_connection_test, requests_beyond_the_limit_of_a_host_are_served_in_order) {
  signal first_arrived, go_on;
  std::vector<std::string> order;
  test_http_server server{[&](server_connection& c) {
    while (auto request = c.read_request()) {
      order.emplace_back(request->target());
      if (order.size() == 1) {
        first_arrived.give();
        go_on.wait();
      }
      c.respond(200, "");
    }
  }};
  settings.max_connections_per_host = 1;
  std::vector<std::future<http_result>> pending;
  for (auto target : {"/1", "/2", "/3", "/4"})
    pending.push_back(send(get_of(server.url(target))));
  first_arrived.wait();
  while (client().stats().requests_waiting != 3)
    std::this_thread::yield();
  go_on.give();
  for (auto& each : pending)
    EXPECT_EQ(result_of(std::move(each)).index(), 0u);
  EXPECT_EQ(order, (std::vector<std::string>{"/1", "/2", "/3", "/4"}));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(http_connection_test, hosts_share_the_limit_of_the_client) {
  test_http_server server{echo_target};
  settings.resolve = {{"a.example", server.address()}, {"b.example", server.address()}};
  settings.max_connections = 1;
  EXPECT_EQ(answer("http://a.example/1").body, "/1");
  EXPECT_EQ(answer("http://b.example/2").body, "/2");
  EXPECT_EQ(answer("http://a.example/3").body, "/3");
  EXPECT_EQ(client().stats().connections_open, 1u);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(http_connection_test, a_wait_for_a_connection_has_an_end) {
  signal go_on;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    go_on.wait();
    c.respond(200, "");
  }};
  settings.max_connections_per_host = 1;
  settings.queue_timeout = 30ms;
  auto held = send(get_of(server.url("/")));
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::timeout_queue);
  go_on.give();
  EXPECT_EQ(result_of(std::move(held)).index(), 0u);
}

TEST_F(http_connection_test, a_full_queue_says_so) {
  signal go_on;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    go_on.wait();
    c.respond(200, "");
  }};
  settings.max_connections_per_host = 1;
  settings.max_waiting_requests = 0;
  auto held = send(get_of(server.url("/")));
  EXPECT_EQ(failure(server.url("/")).kind, http_failure::overloaded);
  go_on.give();
  EXPECT_EQ(result_of(std::move(held)).index(), 0u);
}

TEST_F(http_connection_test, a_cancelled_request_closes_its_connection_and_the_next_one_opens_another) {
  signal arrived, client_left;
  test_http_server server{[&](server_connection& c) {
    if (c.number > 1)
      return echo_target(c);
    c.read_request();
    arrived.give();
    c.wait_for_close();
    client_left.give();
  }};
  settings.max_connections_per_host = 1;
  request_handle handle;
  auto pending = send(get_of(server.url("/")), &handle);
  arrived.wait();
  client().cancel(handle);
  EXPECT_EQ(error_in(result_of(std::move(pending))).kind, http_failure::cancelled);
  client_left.wait();
  EXPECT_EQ(answer(server.url("/next")).body, "/next");
}

TEST_F(http_connection_test, a_waiting_request_can_be_cancelled) {
  signal arrived, go_on;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    arrived.give();
    go_on.wait();
    c.respond(200, "");
  }};
  settings.max_connections_per_host = 1;
  auto held = send(get_of(server.url("/1")));
  arrived.wait();
  request_handle handle;
  auto waiting = send(get_of(server.url("/2")), &handle);
  client().cancel(handle);
  EXPECT_EQ(error_in(result_of(std::move(waiting))).kind, http_failure::cancelled);
  go_on.give();
  EXPECT_EQ(result_of(std::move(held)).index(), 0u);
  EXPECT_EQ(client().stats().requests_in_flight, 0u);
}

TEST_F(http_connection_test, destruction_completes_what_is_under_way_and_what_waits) {
  signal arrived;
  test_http_server server{[&](server_connection& c) {
    c.read_request();
    arrived.give();
    c.wait_for_close();
  }};
  settings.max_connections_per_host = 1;
  auto under_way = send(get_of(server.url("/1")));
  arrived.wait();
  auto waiting = send(get_of(server.url("/2")));
  client_.reset();
  EXPECT_EQ(error_in(result_of(std::move(under_way))).kind, http_failure::cancelled);
  EXPECT_EQ(error_in(result_of(std::move(waiting))).kind, http_failure::cancelled);
}

TEST_F(http_connection_test, a_callback_may_start_the_next_request) {
  test_http_server server{echo_target};
  std::promise<http_result> second;
  client().start(get_of(server.url("/1")), [&](http_result) {
    client().start(get_of(server.url("/2")), [&](http_result result) { second.set_value(std::move(result)); });
  });
  EXPECT_EQ(std::get<http_response>(result_of(second.get_future())).body, "/2");
}

TEST_F(http_connection_test, many_requests_from_many_threads_each_get_their_own_answer) {
  test_http_server server{echo_target};
  settings.threads = 2;
  settings.max_connections_per_host = 4;
  for (int host = 0; host < 4; ++host)
    settings.resolve["h" + std::to_string(host) + ".example"] = server.address();
  client();
  std::vector<std::thread> callers;
  std::atomic<int> right = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      std::vector<std::future<http_result>> pending;
      for (int i = 0; i < 50; ++i)
        pending.push_back(send(get_of("http://h" + std::to_string(i % 4) + ".example/" + std::to_string(caller) + "/"
                                      + std::to_string(i))));
      for (int i = 0; i < 50; ++i)
        right += std::get<http_response>(result_of(std::move(pending[i]))).body
                 == "/" + std::to_string(caller) + "/" + std::to_string(i);
    });
  for (auto& caller : callers)
    caller.join();
  EXPECT_EQ(right, 200);
  EXPECT_LE(server.connections(), 16);
}

TEST_F(http_connection_test, a_resolve_entry_leads_a_name_to_an_address_and_keeps_its_host_header) {
  std::promise<std::string> host;
  test_http_server server{[&](server_connection& c) {
    host.set_value(std::string{c.read_request().value()["Host"]});
    c.respond(200, "");
  }};
  settings.resolve = {{"*.shops.example", server.address()}};
  answer("http://tenant7.shops.example/");
  EXPECT_EQ(host.get_future().get(), "tenant7.shops.example");
}

TEST_F(http_connection_test, settings_that_cannot_work_are_named) {
  settings.resolve = {{"a.example", "not an address"}};
  auto made = make_beast_http_client(settings);
  ASSERT_TRUE(std::holds_alternative<http_error>(made));
  EXPECT_NE(std::get<http_error>(made).message.find("resolve.a.example"), std::string::npos);
}

} // namespace lode
