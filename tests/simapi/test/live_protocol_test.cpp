#include "tests/simapi/test/live_test.hpp"

#include <atomic>

using namespace simapi::test;

struct live : live_test {
  live() { start(); }
};

TEST_F(live, a_change_comes_as_an_event_with_the_record_as_a_page_shows_it) {
  auto socket = subscribe();
  auto key = first_key();
  edit(key);
  auto text = socket->next().text;
  auto event = json::parse(text);
  auto account = text_at(tenant("graph-000"), "/account");
  EXPECT_EQ(text_at(event, "/type"), "event");
  EXPECT_EQ(text_at(event, "/id"), account + "_1");
  EXPECT_EQ(text_at(event, "/stream"), "posts");
  EXPECT_EQ(text_at(event, "/operation"), "upsert");
  EXPECT_EQ(text_at(event, "/record/id"), key);
  auto page = posts("&limit=1").body;
  auto begin = page.find('[') + 1;
  auto record = page.substr(begin, page.find("],\"paging\"") - begin);
  EXPECT_NE(text.find("\"record\":" + record + "}"), std::string::npos);
}

TEST_F(live, a_delete_comes_with_its_key_and_its_time) {
  control_post("/control/clock", R"({"now":1798761600123,"stopped":true})");
  auto socket = subscribe();
  auto key = first_key();
  remove(key);
  auto event = socket->read();
  EXPECT_EQ(text_at(event, "/operation"), "delete");
  EXPECT_EQ(text_at(event, "/key"), key);
  EXPECT_EQ(text_at(event, "/sent_at"), "1798761600123");
  EXPECT_EQ(text_at(event, "/deleted_time"), "2027-01-01T00:00:00+0000");
}

TEST_F(live, a_change_of_a_comment_brings_its_post_too) {
  auto socket = subscribe();
  mutate("insert", "graph-000", "comments", R"(,"parent":")" + first_key() + "\"");
  EXPECT_EQ(text_at(socket->read(), "/stream"), "comments");
  EXPECT_EQ(text_at(socket->read(), "/stream"), "posts");
}

TEST_F(live, only_what_was_subscribed_to_comes) {
  auto socket = subscribe({}, R"(["comments"])");
  mutate("insert", "graph-000", "comments", R"(,"parent":")" + first_key() + "\"");
  edit(first_key());
  EXPECT_EQ(text_at(socket->read(), "/stream"), "comments");
  settle();
  EXPECT_FALSE(socket->has_input());
}

TEST_F(live, two_sockets_of_a_tenant_both_get_everything) {
  auto one = subscribe(), other = subscribe();
  edit(first_key());
  EXPECT_EQ(text_at(one->read(), "/id"), text_at(other->read(), "/id"));
}

TEST_F(live, another_tenant_hears_nothing) {
  start({"--tenants", "6"});
  auto socket = subscribe();
  control_post("/control/mutate", R"({"edits":5,"tenants":["graph-003"]})");
  settle();
  EXPECT_FALSE(socket->has_input());
}

TEST_F(live, a_wrong_token_opens_nothing) {
  ws_client refused{port, live_target(), "wrong"};
  EXPECT_EQ(refused.status(), 400);
  ws_client by_query{port, live_target() + "?access_token=" + text_at(tenant("graph-000"), "/access_token")};
  EXPECT_EQ(by_query.status(), 101);
  EXPECT_EQ(by_query.answer()["Sec-WebSocket-Protocol"], "lode.v1");
  EXPECT_EQ(data().get(live_target() + "?access_token=" + text_at(tenant("graph-000"), "/access_token")).status, 426);
}

TEST_F(live, faults_of_requests_strike_the_opening_where_they_name_it) {
  fault(R"({"tenant":"graph-000","kind":"server_error","status":503})");
  EXPECT_EQ(connect()->status(), 101);
  control_post("/control/faults/clear", "{}");
  fault(R"({"tenant":"graph-000","kind":"server_error","status":503,"stream":"live"})");
  EXPECT_EQ(connect()->status(), 503);
  EXPECT_EQ(posts().status, 200);
}

TEST_F(live, pings_are_answered_and_acks_are_counted) {
  auto socket = subscribe();
  edit(first_key());
  auto event = socket->read();
  socket->send(R"({"type":"ack","id":")" + text_at(event, "/id") + "\"}");
  socket->send(R"({"type":"ping"})");
  EXPECT_EQ(text_at(socket->read(), "/type"), "pong");
  EXPECT_EQ(text_at(live_test::live(), "/acknowledged"), "1");
  EXPECT_EQ(text_at(live_test::live(), "/delivered"), "1");
  EXPECT_EQ(text_at(live_test::live(), "/connections"), "1");
}

TEST_F(live, what_cannot_be_understood_is_answered_with_an_error) {
  auto socket = connect();
  for (auto text : {R"({"type":"subscribe","streams":["orders"]})", "nonsense", R"({"type":"dance"})"}) {
    socket->send(text);
    EXPECT_EQ(text_at(socket->read(), "/type"), "error") << text;
  }
}

TEST_F(live, what_followed_an_event_is_sent_again) {
  auto key = first_key();
  edit(key);
  edit(key);
  remove(key);
  was_resumed = true;
  auto socket = subscribe(text_at(tenant("graph-000"), "/account") + "_1", R"(["posts"])"); // comments go with their post
  EXPECT_EQ(text_at(socket->read(), "/operation"), "upsert");
  EXPECT_EQ(text_at(socket->read(), "/operation"), "delete");
  settle();
  EXPECT_FALSE(socket->has_input());
}

TEST_F(live, an_event_that_is_no_longer_kept_is_not_resumed_from) {
  control_post("/control/live", R"({"keep":2})");
  for (int i = 0; i < 4; ++i)
    edit(first_key());
  auto socket = subscribe(text_at(tenant("graph-000"), "/account") + "_1"); // expects resumed: false
  settle();
  EXPECT_FALSE(socket->has_input());
}

TEST_F(live, messages_are_compressed_where_both_want_it) {
  control_post("/control/live", R"({"deflate":true})");
  auto socket = connect(true);
  EXPECT_TRUE(socket->answer()["Sec-WebSocket-Extensions"].starts_with("permessage-deflate"));
  socket->send(R"({"type":"subscribe","streams":["posts"]})");
  socket->read();
  edit(first_key());
  EXPECT_EQ(text_at(socket->read(), "/record/id"), first_key());
}

TEST_F(live, a_burst_comes_whole_and_in_order) {
  auto socket = subscribe();
  control_post("/control/mutate", R"({"edits":3000,"tenants":["graph-000"],"streams":["posts"]})");
  for (int i = 1; i <= 3000; ++i)
    ASSERT_TRUE(text_at(socket->read(), "/id").ends_with("_" + std::to_string(i)));
  settle();
  EXPECT_EQ(text_at(live_test::live(), "/delivered"), "3000");
}

TEST_F(live, many_threads_serve_many_sockets_that_are_cut_meanwhile) {
  start({"--threads", "3", "--tenants", "9"});
  control_post("/control/live/cut", R"({"every_ms":3,"share":0.2,"tenant":["graph-003","graph-006"]})");
  std::atomic<bool> is_over{false};
  std::vector<std::jthread> clients;
  std::atomic<uint64_t> events{0};
  for (const std::string name : {"graph-000", "graph-003", "graph-006", "graph-003"})
    clients.emplace_back([&, whose = tenant(name)] {
      while (!is_over) {
        ws_client socket{port, live_target(text_at(whose, "/account")), text_at(whose, "/access_token")};
        if (socket.status() == 101)
          socket.send(R"({"type":"subscribe","streams":["posts","comments"]})");
        while (socket.next().is_there())
          ++events;
      }
    });
  for (uint64_t seed = 1; seed <= 100 || events < 2000; ++seed)
    control_post("/control/mutate", R"({"edits":50,"inserts":2,"deletes":1,"seed":)" + std::to_string(seed) + "}");
  is_over = true;
  control_post("/control/live/cut", R"({"every_ms":3})"); // until all are gone
  clients.clear();
  settle();
  EXPECT_EQ(text_at(control_get("/control/live"), "/connections"), "0");
}

TEST_F(live, an_event_that_was_sent_counts_as_served) {
  auto socket = subscribe();
  auto key = first_key();
  edit(key);
  socket->read();
  EXPECT_EQ(served_of(key), "1 ");
  remove(key);
  socket->read();
  EXPECT_EQ(json::serialize(truth_of("graph-000", "posts", key).at("deletes_sent")), "[1]");
}

TEST_F(live, an_event_that_nobody_listened_for_was_not_served) {
  auto key = first_key();
  edit(key);
  settle();
  EXPECT_EQ(served_of(key), "");
}
