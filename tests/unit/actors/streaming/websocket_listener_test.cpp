#include "actors/streaming/websocket_listener.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/websocket/scripted_websocket_client.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

program text(const std::string& code) {
  return *program::parse(code);
}

constexpr auto confirmation = R"({"type":"subscribed"})";

/// A listener between a scripted socket, whose server is the test, and an owner that keeps what it is told.
struct websocket_listener_test : actor_test {
  scripted_websocket_client sockets;
  logical_clock clock;
  instant now{1h};
  websocket_settings settings; ///< for start()
  size_t began = 0;
  size_t signs = 0;
  std::vector<listening_ended> ended;
  std::vector<messages_heard> heard;

  timers_actor service = spawn<timers>();
  listener_owner_actor owner = spawn_fake<listener_owner_actor>(
    [this](listening_began) { ++began; }, [this](still_listening) { ++signs; },
    [this](const listening_ended& msg) { ended.push_back(msg); }, [this](messages_heard& msg) { heard.push_back(std::move(msg)); });
  websocket_listener_actor actor;

  websocket_listener_test() {
    settings.url = text("wss://{{ config['host'] }}/live");
    settings.headers = {{text("Authorization"), text("Bearer {{ config['token'] }}")}};
    settings.subscribe = {text(R"({"type":"subscribe","streams":"{{ streams | join(',') }}"})")};
    settings.confirmed_by = {{{"", {"type"}}, {"subscribed"}}};
  }
  /// Before the sockets that it closes.
  ~websocket_listener_test() override {
    if (actor)
      send_exit(actor, caf::exit_reason::kill);
  }

  void start(const std::string& after_event = "") {
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->live.push_back({});
    plan->live[0].listener = websocket_listener_name;
    plan->live[0].typed = settings;
    plan->live[0].streams = {0};
    auto connection = std::make_shared<connection_context>(*item_connection(1, plan));
    connection->config = *expression::parse_json(R"({"host":"api.test","token":"s3cret"})");
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->clock = &clock;
    services->now = [this] { return now; };
    auto live = std::make_shared<live_services>();
    live->sockets = &sockets;
    live->window = 8;
    actor = spawn<websocket_listener>(listener_job{connection, 0, services, live, owner, after_event});
    listen();
  }
  void listen() {
    caf::anon_send(actor, start_listening{});
    run();
  }

  websocket_handle socket() const { return sockets.sockets().back(); }
  void accept() {
    sockets.accept(socket());
    run();
  }
  void deliver(std::vector<std::string> messages) {
    sockets.deliver(socket(), std::move(messages));
    run();
  }
  void close(websocket_closed how) {
    sockets.end(socket(), std::move(how));
    run();
  }
  void settle(uint64_t batch, std::vector<std::string> ids = {}, bool is_lost = false) {
    caf::anon_send(actor, messages_settled{batch, std::move(ids), is_lost});
    run();
  }
  /// Started, and the API has confirmed.
  void begin() {
    start();
    accept();
    deliver({confirmation});
    settle(heard.back().batch);
  }
  bool has_socket() const { return !sockets.has_ended(socket()); }
};

} // namespace

// -- how it begins --------------------------------------------------------------------------------------------------------

TEST_F(websocket_listener_test, it_opens_what_the_configuration_says) {
  settings.subprotocols = {text("lode.v1")};
  settings.max_message_bytes = 5'000;
  settings.idle_timeout = 30s;
  settings.heartbeat = live_heartbeat{20s, {}};
  start();
  auto request = sockets.request(socket());
  EXPECT_EQ(request.url, "wss://api.test/live");
  ASSERT_EQ(request.headers.size(), 1u);
  EXPECT_EQ(request.headers[0].value, "Bearer s3cret");
  EXPECT_THAT(request.subprotocols, ElementsAre("lode.v1"));
  EXPECT_TRUE(request.permessage_deflate);
  EXPECT_EQ(request.max_message_bytes, 5'000u);
  EXPECT_EQ(request.idle_timeout, 30s);
  EXPECT_EQ(request.ping_every, 20s) << "a heartbeat without a message is the protocol's own";
  EXPECT_EQ(request.credits, 8u);
  EXPECT_THAT(sockets.sent(socket()), IsEmpty());
}

TEST_F(websocket_listener_test, it_greets_an_open_socket_and_listens_from_the_confirmation_on) {
  start();
  accept();
  EXPECT_THAT(sockets.sent(socket()), ElementsAre(R"({"type":"subscribe","streams":"items"})"));
  deliver({R"({"type":"hello"})"});
  EXPECT_EQ(began, 0u);
  deliver({R"({"type":"event"})", confirmation});
  EXPECT_EQ(began, 1u);
  deliver({confirmation});
  EXPECT_EQ(began, 1u) << "once";
}

TEST_F(websocket_listener_test, behind_a_known_event_it_asks_for_what_followed) {
  settings.resume = {text("after {{ event_id }}")};
  start("e9");
  accept();
  EXPECT_THAT(sockets.sent(socket()), ElementsAre("after e9"));
}

TEST_F(websocket_listener_test, where_no_message_confirms_the_open_socket_does) {
  settings.confirmed_by.clear();
  start();
  EXPECT_EQ(began, 0u);
  accept();
  EXPECT_EQ(began, 1u);
}

TEST_F(websocket_listener_test, a_confirmation_that_does_not_come_is_given_up) {
  start();
  accept();
  advance(8s);
  EXPECT_THAT(ended, IsEmpty());
  deliver({R"({"type":"hello"})"});
  advance(6s);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::unreachable);
  EXPECT_THAT(message_of(ended[0].reason), HasSubstr("did not confirm"));
  EXPECT_FALSE(has_socket());
  EXPECT_EQ(signs, 0u);
}

TEST_F(websocket_listener_test, a_template_that_fails_is_the_sources_affair) {
  settings.url = text("{{ config['host'] + 1 }}");
  start();
  EXPECT_THAT(sockets.sockets(), IsEmpty());
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::bad_source);
}

TEST_F(websocket_listener_test, a_greeting_that_fails_closes_the_socket) {
  settings.subscribe = {text("{{ config['host'] + 1 }}")};
  start();
  accept();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::bad_source);
  EXPECT_FALSE(has_socket());
  EXPECT_EQ(began, 0u);
}

TEST_F(websocket_listener_test, a_heartbeat_that_fails_is_not_silently_left_out) {
  settings.heartbeat = live_heartbeat{4s, text("{{ config['host'] + 1 }}")};
  begin();
  advance(7s);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::bad_source);
}

// -- how it ends ----------------------------------------------------------------------------------------------------------

TEST_F(websocket_listener_test, a_refused_token_is_told_as_such) {
  start();
  close({.reason = websocket_end::unauthorized, .message = "api.test answered 401", .status = 401});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::unauthorized);
  EXPECT_THAT(message_of(ended[0].reason), HasSubstr("answered 401"));
  EXPECT_EQ(ended[0].after, 0s);
}

TEST_F(websocket_listener_test, what_cannot_be_sent_is_the_sources_affair) {
  start();
  close({.reason = websocket_end::invalid_request, .message = "no URL"});
  EXPECT_EQ(ended.at(0).reason, errc::bad_source);
}

TEST_F(websocket_listener_test, the_wait_that_an_api_asks_for_is_told) {
  start();
  close({.reason = websocket_end::refused, .message = "503", .status = 503, .headers = {{"Retry-After", "30"}}});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, errc::unreachable);
  EXPECT_EQ(ended[0].after, 30s);
}

TEST_F(websocket_listener_test, a_socket_that_is_lost_ends_it_once) {
  begin();
  close({.reason = websocket_end::reset, .message = "reset"});
  advance(1min);
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_THAT(message_of(ended.at(0).reason), HasSubstr("reset"));
}

TEST_F(websocket_listener_test, when_it_ends_so_does_its_socket) {
  begin();
  send_exit(actor, caf::exit_reason::user_shutdown);
  EXPECT_FALSE(has_socket());
  EXPECT_THAT(ended, IsEmpty());
}

// -- what it hears --------------------------------------------------------------------------------------------------------

TEST_F(websocket_listener_test, messages_are_stamped_when_they_are_received) {
  begin();
  now = instant{2h};
  deliver({"1", "2"});
  ASSERT_EQ(heard.size(), 2u);
  const auto& batch = heard.back();
  ASSERT_EQ(batch.messages.size(), 2u);
  EXPECT_EQ(batch.messages[0].body, "1");
  EXPECT_EQ(batch.messages[0].received_at, instant{2h});
  EXPECT_LT(batch.messages[0].counter, batch.messages[1].counter);
  EXPECT_LE(batch.messages[1].counter, clock.next());
  EXPECT_EQ(batch.batch, heard[0].batch + 1);
}

TEST_F(websocket_listener_test, credits_are_granted_once_for_each_settled_batch) {
  begin();
  EXPECT_EQ(sockets.credits(socket()), 8u);
  deliver({"1", "2", "3"});
  EXPECT_EQ(sockets.credits(socket()), 5u);
  const auto batch = heard.back().batch;
  settle(batch + 7);
  EXPECT_EQ(sockets.credits(socket()), 5u) << "no such batch";
  settle(batch);
  EXPECT_EQ(sockets.credits(socket()), 8u);
  settle(batch);
  EXPECT_EQ(sockets.credits(socket()), 8u);
}

TEST_F(websocket_listener_test, a_store_that_settles_nothing_lets_the_api_wait) {
  begin();
  deliver(std::vector<std::string>(20, "{}"));
  EXPECT_EQ(heard.back().messages.size(), 8u);
  EXPECT_EQ(heard.size(), 2u);
  settle(heard.back().batch);
  EXPECT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard.back().messages.size(), 8u);
}

TEST_F(websocket_listener_test, what_is_committed_is_acknowledged_by_its_ids_in_order) {
  settings.acknowledge = text(R"({"ack":"{{ event_id }}"})");
  begin();
  deliver({"1", "2"});
  EXPECT_EQ(sockets.sent(socket()).size(), 1u) << "nothing is committed yet";
  settle(heard.back().batch, {"e1", "e2"});
  EXPECT_THAT(sockets.sent(socket()), ElementsAre(testing::_, R"({"ack":"e1"})", R"({"ack":"e2"})"));
}

TEST_F(websocket_listener_test, what_is_lost_is_not_acknowledged) {
  settings.acknowledge = text(R"({"ack":"{{ event_id }}"})");
  begin();
  deliver({"1"});
  settle(heard.back().batch, {"e1"}, true);
  EXPECT_EQ(sockets.sent(socket()).size(), 1u);
  EXPECT_EQ(sockets.credits(socket()), 8u);
}

TEST_F(websocket_listener_test, an_api_that_wants_no_acknowledgement_gets_none) {
  begin();
  deliver({"1"});
  settle(heard.back().batch, {"e1"});
  EXPECT_EQ(sockets.sent(socket()).size(), 1u);
}

TEST_F(websocket_listener_test, an_acknowledgement_that_fails_ends_it) {
  settings.acknowledge = text("{{ config['host'] + 1 }}");
  begin();
  deliver({"1"});
  settle(heard.back().batch, {"e1"});
  EXPECT_EQ(ended.at(0).reason, errc::bad_source);
  EXPECT_FALSE(has_socket());
}

// -- signs of life --------------------------------------------------------------------------------------------------------

TEST_F(websocket_listener_test, a_heartbeat_is_sent_as_often_as_the_source_says) {
  settings.heartbeat = live_heartbeat{4s, text(R"({"type":"ping"})")};
  begin();
  EXPECT_EQ(sockets.request(socket()).ping_every, 0s);
  EXPECT_EQ(sockets.sent(socket()).size(), 1u) << "not before the first of them is due";
  advance(13s);
  EXPECT_THAT(sockets.sent(socket()),
              ElementsAre(testing::_, R"({"type":"ping"})", R"({"type":"ping"})", R"({"type":"ping"})"));
}

TEST_F(websocket_listener_test, the_owner_hears_of_signs_of_life_and_not_of_their_absence) {
  begin();
  advance(3s);
  auto first = signs;
  EXPECT_GE(first, 1u);
  advance(10s);
  EXPECT_EQ(signs, first) << "nothing came";
  deliver({"{}"});
  advance(3s);
  EXPECT_EQ(signs, first + 1);
}

TEST_F(websocket_listener_test, before_the_confirmation_nothing_is_a_sign_of_life) {
  start();
  accept();
  deliver({"{}"});
  advance(5s);
  EXPECT_EQ(signs, 0u);
}

// -- a socket of its own --------------------------------------------------------------------------------------------------

TEST_F(websocket_listener_test, what_an_earlier_socket_says_means_nothing) {
  settings.acknowledge = text("{{ event_id }}");
  begin();
  deliver({"1"});
  const auto batch = heard.back().batch;
  close({.reason = websocket_end::reset});
  listen();
  ASSERT_EQ(sockets.sockets().size(), 2u);
  for (websocket_closed late; auto what : {0, 1, 2}) {
    std::variant<websocket_opened, std::vector<heard_message>, websocket_closed> words;
    if (what == 1)
      words = std::vector<heard_message>{{clock.next(), confirmation, now, {}}};
    else if (what == 2)
      words = late;
    caf::anon_send(actor, socket_spoke{1, std::make_shared<const socket_event>(socket_event{words})});
    run();
  }
  settle(batch, {"e1"});
  EXPECT_TRUE(has_socket());
  EXPECT_EQ(ended.size(), 1u);
  EXPECT_EQ(began, 1u);
  EXPECT_EQ(heard.size(), 2u);
  EXPECT_THAT(sockets.sent(socket()), IsEmpty()) << "neither greeting nor acknowledgement";
  EXPECT_EQ(sockets.credits(socket()), 8u);
}

TEST_F(websocket_listener_test, the_clock_of_an_earlier_socket_stops_with_it) {
  settings.heartbeat = live_heartbeat{1s, text("ping")};
  begin();
  close({.reason = websocket_end::reset});
  listen();
  advance(20s);
  EXPECT_THAT(sockets.sent(socket()), IsEmpty()) << "nothing goes ahead of the greeting";
  EXPECT_EQ(ended.size(), 1u);
}
