#include "tests/integration/websocket/websocket_test.hpp"

using namespace std::chrono_literals;

namespace lode {

struct websocket_credit_test : websocket_test {
  static test_http_server::handler counts_to(int count) {
    return after_accept([count](websocket_peer& peer) {
      for (int i = 0; i < count; ++i)
        if (!peer.send(std::to_string(i)))
          return;
    });
  }
};

TEST_F(websocket_credit_test, as_many_arrive_as_are_granted_then_the_rest) {
  test_http_server server{counts_to(10'000)};
  recorder seen;
  auto socket = open({.url = url_of(server), .credits = 4}, seen);
  client().grant(socket, 6);
  seen.messages(10);
  // A second socket of the same thread is served to its end: whatever the first one had to hand on would have come.
  test_http_server other{counts_to(2'000)};
  recorder witness;
  open(other, witness);
  witness.messages(2'000);
  EXPECT_EQ(seen.received(), 10u);
  client().grant(socket, 1);
  EXPECT_EQ(seen.messages(11).size(), 11u);
  client().grant(socket, 20'000);
  auto all = seen.messages(10'000);
  ASSERT_EQ(all.size(), 10'000u);
  for (int i = 0; i < 10'000; ++i)
    ASSERT_EQ(all[static_cast<size_t>(i)], std::to_string(i));
}

TEST_F(websocket_credit_test, credit_by_credit_everything_arrives) {
  test_http_server server{counts_to(500)};
  recorder seen;
  auto socket = open({.url = url_of(server)}, seen);
  for (size_t i = 1; i <= 500; ++i) {
    client().grant(socket, 1);
    ASSERT_EQ(seen.messages(i).size(), i);
  }
}

TEST_F(websocket_credit_test, without_credit_tcp_pushes_back_on_the_server) {
  std::atomic<size_t> sent = 0;
  constexpr size_t total = 2'000;
  settings.max_held_bytes = 1u << 30;
  test_http_server server{after_accept([&](websocket_peer& peer) {
    for (size_t i = 0; i < total && peer.send(std::string(50'000, 'x')); ++i)
      ++sent;
  })};
  recorder seen;
  auto socket = open({.url = url_of(server), .credits = 1}, seen);
  seen.messages(1);
  // It stands still: the same number for a while. All of it would be 100 MB.
  size_t before = 0;
  for (int still = 0, i = 0; still < 20 && i < 1000; ++i) {
    std::this_thread::sleep_for(10ms);
    still = sent == before ? still + 1 : 0;
    before = sent;
  }
  EXPECT_LT(sent, total / 2);
  EXPECT_EQ(seen.received(), 1u);
  client().grant(socket, total);
  EXPECT_EQ(seen.messages(total).size(), total);
}

TEST_F(websocket_credit_test, sockets_share_a_number_of_bytes_that_may_be_held) {
  settings.max_held_bytes = 40'000;
  const auto sends = [](int count) {
    return after_accept([count](websocket_peer& peer) {
      for (int i = 0; i < count && peer.send(std::string(10'000, 'x')); ++i) {
      }
    });
  };
  test_http_server greedy{sends(100)}, modest{sends(3)};
  recorder first, second;
  auto holder = open({.url = url_of(greedy), .credits = 1'000}, first);
  first.messages(4);
  auto other = open({.url = url_of(modest), .credits = 1'000}, second);
  second.opened();
  EXPECT_EQ(first.received(), 4u) << "it has credit, and all bytes";
  EXPECT_EQ(second.received(), 0u);
  // Each takes what the other one gives back, until both have all of theirs.
  for (size_t granted = 0, of_other = 0; granted < 100 || of_other < 3;) {
    ASSERT_TRUE(eventually([&] { return first.received() > granted || second.received() > of_other; }));
    const auto now = first.received(), of_it = second.received();
    EXPECT_LE(now - granted + of_it - of_other, 5u) << "at most one of each socket beyond it";
    client().grant(holder, static_cast<uint32_t>(now - granted));
    client().grant(other, static_cast<uint32_t>(of_it - of_other));
    granted = now;
    of_other = of_it;
  }
}

TEST_F(websocket_credit_test, what_a_socket_held_when_it_ended_is_free_for_others) {
  settings.max_held_bytes = 20'000;
  test_http_server first_server{after_accept([](websocket_peer& peer) { peer.send(std::string(20'000, 'x')); })};
  test_http_server second_server{after_accept([](websocket_peer& peer) { peer.send("hello"); })};
  recorder first, second;
  auto holder = open({.url = url_of(first_server), .credits = 2}, first);
  first.messages(1);
  open({.url = url_of(second_server), .credits = 1}, second);
  second.opened();
  EXPECT_EQ(second.received(), 0u);
  client().close(holder);
  first.closed();
  EXPECT_EQ(second.messages(1).size(), 1u);
}

TEST_F(websocket_credit_test, a_callback_may_grant_what_it_was_given) {
  test_http_server server{counts_to(5'000)};
  std::atomic<size_t> received = 0;
  std::promise<websocket_closed> closed;
  std::promise<websocket_handle> known;
  auto handle = known.get_future().share();
  auto socket = client().open({.url = url_of(server), .credits = 8},
                              {[](auto) {},
                               [&, handle](std::vector<std::string> batch) {
                                 received += batch.size();
                                 client_->grant(handle.get(), static_cast<uint32_t>(batch.size()));
                               },
                               [&](websocket_closed end) { closed.set_value(std::move(end)); }});
  known.set_value(socket);
  EXPECT_TRUE(eventually([&] { return received == 5'000; })) << received;
  client().close(socket);
  EXPECT_EQ(closed.get_future().get().reason, websocket_end::closed);
}

TEST_F(websocket_credit_test, what_waits_in_front_of_the_peers_close_is_not_lost) {
  test_http_server server{[](server_connection& c) {
    websocket_peer peer{c};
    peer.accept();
    for (int i = 0; i < 100; ++i)
      peer.send(std::to_string(i));
    peer.close(1001, "restart");
  }};
  recorder seen;
  auto socket = open({.url = url_of(server), .credits = 10}, seen);
  seen.messages(10);
  client().grant(socket, 90);
  seen.messages(100);
  EXPECT_EQ(seen.ends(), 0u) << "the close frame is behind the last credit";
  client().grant(socket, 1);
  EXPECT_EQ(seen.closed().code, 1001);
}

} // namespace lode
