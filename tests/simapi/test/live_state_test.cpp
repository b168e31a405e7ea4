#include "tests/simapi/test/hook_receiver.hpp"
#include "tests/simapi/test/killable.hpp"
#include "tests/simapi/test/live_test.hpp"

#include <atomic>

using namespace simapi::test;

/// The program itself with a state file, and a receiver of webhooks that outlives it.
struct live_state : killable<live_test> {
  void register_hook() {
    control_post("/control/hooks", R"({"tenant":"shop-002","url":")" + receiver.url("/") + R"(","retry_ms":5,"most_retry_ms":20})");
  }

  void edit_order() { mutate("edit", "shop-002", "orders", R"(,"key":")" + keys("shop-002", "orders").front() + "\""); }

  std::string ids_of(const std::vector<hook_call>& calls, size_t from) {
    std::string result;
    for (size_t i = from; i < calls.size(); ++i)
      result += calls[i].headers.at("x-shop-event-id").substr(calls[i].headers.at("x-shop-event-id").rfind('_') + 1) + ' ';
    return result;
  }

  std::atomic<int> status{200};
  hook_receiver receiver{[this](const hook_call&) { return status.load(); }};
};

TEST_F(live_state, webhooks_and_what_was_not_answered_2xx_survive_a_kill) {
  spawn();
  register_hook();
  edit_order();
  settle();
  status = 503;
  edit_order();
  edit_order();
  auto before = receiver.wait_for(3).size();
  kill_program();
  status = 200;
  auto tried = receiver.calls().size();
  EXPECT_GE(tried, before);
  spawn();
  settle();
  auto again = ids_of(receiver.calls(), tried);
  EXPECT_EQ(again.find("1 "), std::string::npos); // it was answered
  EXPECT_NE(again.find("2 "), std::string::npos);
  EXPECT_NE(again.find("3 "), std::string::npos);
  edit_order();
  settle();
  EXPECT_TRUE(ids_of(receiver.calls(), 0).ends_with("4 "));
}

TEST_F(live_state, events_are_kept_over_a_kill_under_the_same_ids) {
  spawn();
  auto key = first_key();
  edit(key);
  edit(key);
  kill_and_restart();
  was_resumed = true;
  auto account = text_at(tenant("graph-000"), "/account");
  auto socket = subscribe(account + "_1");
  EXPECT_EQ(text_at(socket->read(), "/id"), account + "_2");
  edit(key);
  EXPECT_EQ(text_at(socket->read(), "/id"), account + "_3");
}

TEST_F(live_state, versions_and_deletes_that_were_sent_live_survive_a_kill) {
  spawn();
  auto socket = subscribe();
  auto key = first_key();
  edit(key);
  socket->read();
  edit(key);
  socket->read();
  remove(key);
  socket->read();
  settle();
  auto before = whole_truth();
  EXPECT_NE(before.find("\"deletes_sent\":[2]"), std::string::npos);
  kill_and_restart();
  EXPECT_EQ(whole_truth(), before);
}

TEST_F(live_state, a_late_event_that_was_let_go_keeps_its_place_and_one_that_was_not_is_let_go_after_the_restart) {
  spawn();
  auto account = text_at(tenant("graph-000"), "/account");
  auto key = first_key();
  fault(R"({"tenant":"graph-000","kind":"event_late","times":1,"delay_ms":5})");
  edit_twice(key);
  settle();
  fault(R"({"tenant":"graph-000","kind":"event_late","times":1,"delay_ms":3000})");
  edit(key);
  edit(key);
  kill_and_restart();
  was_resumed = true;
  auto socket = subscribe(account + "_2");
  std::string ids;
  for (int i = 0; i < 3; ++i) {
    auto id = text_at(socket->read(), "/id");
    ids += id.substr(account.size() + 1) + ' ';
  }
  EXPECT_EQ(ids, "1 4 3 ");
}

TEST_F(live_state, orders_to_cut_connections_survive_a_kill) {
  spawn();
  control_post("/control/live/cut", R"({"every_ms":10})");
  kill_and_restart();
  EXPECT_EQ(connect()->next().error, boost::asio::error::eof);
}
