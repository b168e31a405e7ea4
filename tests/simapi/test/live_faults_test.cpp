#include "tests/simapi/test/live_test.hpp"

using namespace simapi::test;

struct live_faults : live_test {
  live_faults() { start(); }

  void strike(const std::string& kind, const std::string& more = {}) {
    fault(R"({"tenant":"graph-000","kind":")" + kind + "\"" + more + "}");
  }

  /// The numbers of the next events.
  std::string numbers(ws_client& socket, size_t count) {
    std::string result;
    for (size_t i = 0; i < count; ++i) {
      auto id = text_at(socket.read(), "/id");
      result += id.substr(id.rfind('_') + 1) + ' ';
    }
    return result;
  }

  std::string cut(const std::string& more = {}) {
    return text_at(control_post("/control/live/cut", R"({"tenant":"graph-000")" + more + "}"), "/cut");
  }
};

TEST_F(live_faults, a_lost_event_never_comes_and_is_not_served) {
  auto socket = subscribe();
  strike("event_lost", R"(,"times":1)");
  auto key = first_key();
  edit(key);
  edit(key);
  EXPECT_EQ(numbers(*socket, 1), "2 ");
  settle();
  EXPECT_FALSE(socket->has_input());
  EXPECT_EQ(served_of(key), "2 ");
  EXPECT_EQ(text_at(live(), "/lost"), "1");
}

TEST_F(live_faults, a_lost_event_is_not_sent_again_either) {
  edit(first_key());
  strike("event_lost");
  edit(first_key());
  was_resumed = true;
  auto socket = subscribe(text_at(tenant("graph-000"), "/account") + "_1");
  settle();
  EXPECT_FALSE(socket->has_input());
}

TEST_F(live_faults, a_duplicate_has_the_same_id) {
  auto socket = subscribe();
  strike("event_duplicated");
  edit(first_key());
  EXPECT_EQ(numbers(*socket, 2), "1 1 ");
}

TEST_F(live_faults, a_duplicate_can_come_later) {
  auto socket = subscribe();
  strike("event_duplicated", R"(,"times":1,"delay_ms":20)");
  edit_twice(first_key());
  EXPECT_EQ(numbers(*socket, 3), "1 2 1 ");
}

TEST_F(live_faults, a_late_event_comes_after_its_delay_with_the_time_and_text_of_its_change) {
  auto socket = subscribe();
  strike("event_late", R"(,"times":1,"delay_ms":30)");
  auto key = first_key();
  edit_twice(key, R"(,"at":1798761600000)", R"(,"at":1798761605000)");
  EXPECT_EQ(text_at(socket->read(), "/sent_at"), "1798761605000");
  auto late = socket->read();
  EXPECT_EQ(text_at(late, "/sent_at"), "1798761600000");
  EXPECT_EQ(text_at(late, "/record/updated_time"), "2027-01-01T00:00:00+0000");
  EXPECT_EQ(served_of(key), "1 2 ");
}

TEST_F(live_faults, what_is_late_counts_as_waiting) {
  strike("event_late", R"(,"delay_ms":3600000)");
  edit(first_key());
  auto told = control_get("/control/live/settled?timeout_ms=10");
  EXPECT_EQ(text_at(told, "/settled"), "false");
  EXPECT_EQ(text_at(told, "/waiting"), "1");
}

TEST_F(live_faults, a_reordered_event_lets_others_pass) {
  auto socket = subscribe();
  strike("event_reordered", R"(,"times":1,"behind":2,"delay_ms":60000)");
  for (int i = 0; i < 4; ++i)
    edit(first_key());
  EXPECT_EQ(numbers(*socket, 4), "2 3 1 4 ");
}

TEST_F(live_faults, a_reordered_event_does_not_wait_for_ever) {
  auto socket = subscribe();
  strike("event_reordered", R"(,"delay_ms":10)");
  edit(first_key());
  EXPECT_EQ(numbers(*socket, 1), "1 ");
}

TEST_F(live_faults, malformed_messages_stand_in_the_place_of_an_event_and_serve_nothing) {
  auto key = first_key();
  auto message = [&](const std::string& form) {
    auto socket = subscribe();
    strike("event_malformed", R"(,"times":1,"form":")" + form + "\"");
    edit(key);
    return socket->next();
  };
  boost::system::error_code failure;
  json::parse(message("cut").text, failure);
  EXPECT_TRUE(failure);
  EXPECT_TRUE(message("utf8").error); // the client's WebSocket refuses the frame
  EXPECT_FALSE(message("binary").is_text);
  EXPECT_EQ(text_at(json::parse(message("unknown").text), "/type"), "surprise");
  EXPECT_TRUE(message("frame").error);
  EXPECT_EQ(served_of(key), "");
}

TEST_F(live_faults, an_oversize_message_is_right_but_too_long) {
  auto socket = subscribe();
  strike("event_oversize", R"(,"times":1,"bytes":300000)");
  edit(first_key());
  auto text = socket->next().text;
  EXPECT_GT(text.size(), 300000u);
  EXPECT_EQ(text_at(json::parse(text), "/record/id"), first_key());
  strike("event_oversize", R"(,"times":1,"bytes":300000)");
  socket->limit(100000);
  edit(first_key());
  EXPECT_EQ(socket->next().error, boost::beast::websocket::error::message_too_big);
}

TEST_F(live_faults, a_connection_is_cut_in_each_way) {
  auto end_of = [&](const std::string& how) {
    auto socket = subscribe();
    EXPECT_EQ(cut(R"(,"how":")" + how + "\""), "1");
    return socket->next().error;
  };
  EXPECT_EQ(end_of("close"), boost::beast::websocket::error::closed);
  EXPECT_EQ(end_of("drop"), boost::asio::error::eof);
  EXPECT_EQ(end_of("reset"), boost::asio::error::connection_reset);
}

TEST_F(live_faults, a_half_open_connection_sends_nothing_and_closes_nothing) {
  auto socket = subscribe();
  cut(R"(,"how":"half_open")");
  edit(first_key());
  socket->send(R"({"type":"ping"})");
  socket->ping();
  auto other = subscribe(); // until both have been heard
  edit(first_key());
  EXPECT_EQ(numbers(*other, 1), "2 ");
  settle();
  EXPECT_FALSE(socket->has_input());
  socket->send_close();
  other->send(R"({"type":"ping"})");
  EXPECT_EQ(text_at(other->read(), "/type"), "pong");
  EXPECT_FALSE(socket->has_input());
  EXPECT_EQ(served_of(first_key()), "2 ");
}

TEST_F(live_faults, connections_are_cut_again_and_again_by_share) {
  auto id = text_at(control_post("/control/live/cut", R"({"every_ms":5,"share":0.5})"), "/id");
  EXPECT_EQ(id, "1");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(connect()->next().error, boost::asio::error::eof);
  control_post("/control/live/cut", R"({"stop":true})");
  auto socket = subscribe();
  edit(first_key());
  EXPECT_EQ(text_at(socket->read(), "/type"), "event");
}

TEST_F(live_faults, a_share_that_is_cut_now_is_another_one_each_time) {
  std::vector<std::unique_ptr<ws_client>> sockets;
  for (int i = 0; i < 8; ++i)
    sockets.push_back(subscribe());
  int rounds = 0;
  while (text_at(live(), "/connections") != "0" && ++rounds < 100)
    cut(R"(,"how":"reset","share":0.3)");
  EXPECT_LT(rounds, 100);
  EXPECT_GT(rounds, 1);
}

TEST_F(live_faults, a_client_that_does_not_read_is_dropped_and_counted) {
  control_post("/control/live", R"({"queue":100})");
  auto slow = subscribe();
  uint64_t rounds = 0; // until the kernel's buffers are full and then the queue
  while (text_at(live(), "/overflows") == "0" && ++rounds < 2000)
    control_post("/control/mutate", R"({"edits":90,"tenants":["graph-000"],"streams":["posts"]})");
  ASSERT_EQ(text_at(live(), "/overflows"), "1");
  while (slow->next().is_there())
    ;
  settle();
  auto socket = subscribe();
  edit(first_key());
  EXPECT_EQ(text_at(socket->read(), "/type"), "event");
}

TEST_F(live_faults, a_fault_of_events_strikes_no_request) {
  strike("event_lost");
  EXPECT_EQ(posts().status, 200);
  EXPECT_EQ(text_at(control_get("/control/faults"), "/0/seen"), "0");
}

TEST_F(live_faults, unknown_forms_and_ways_to_cut_are_refused) {
  control_post("/control/faults", R"({"kind":"event_malformed","form":"ugly"})", 400);
  control_post("/control/live/cut", R"({"how":"gently"})", 400);
}
