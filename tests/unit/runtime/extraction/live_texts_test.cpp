#include "runtime/extraction/live_texts.hpp"

#include "live_support.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

struct live_texts_test : ::testing::Test {
  source_plan_pointer source = example("graph");
  const websocket_settings& socket = std::get<websocket_settings>(source->live.at(0).typed);
  expression::value config = live_config();
  live_inputs inputs{config, {"posts", "comments"}, at(0)};
};

} // namespace

TEST_F(live_texts_test, a_socket_is_opened_with_what_the_configuration_says) {
  auto opening = render_opening(socket, inputs);
  ASSERT_TRUE(opening) << why(opening);
  EXPECT_EQ(opening->url, "wss://live.test/v19.0/17/live");
  ASSERT_EQ(opening->headers.size(), 1u);
  EXPECT_EQ(opening->headers[0].name, "Authorization");
  EXPECT_EQ(opening->headers[0].value, "Bearer t0ken");
}

TEST_F(live_texts_test, json_is_sent_as_it_is_written) {
  auto hello = render_greeting(socket, inputs, "");
  ASSERT_TRUE(hello) << why(hello);
  EXPECT_THAT(*hello, ElementsAre(R"({"type":"subscribe","streams":["posts", "comments"]})"));
  EXPECT_EQ(*render_heartbeat(socket, inputs), R"({"type":"ping"})");
}

TEST_F(live_texts_test, a_known_event_is_where_the_api_goes_on) {
  auto again = render_greeting(socket, inputs, "17_\"9");
  ASSERT_TRUE(again) << why(again);
  EXPECT_THAT(*again, ElementsAre(R"({"type":"subscribe","streams":["posts", "comments"],"after":"17_\"9"})"));
  EXPECT_EQ(*render_acknowledge(socket, inputs, "17_9"), R"({"type":"ack","id":"17_9"})");
  auto forgetful = socket;
  forgetful.resume.clear();
  EXPECT_EQ(render_greeting(forgetful, inputs, "17_9"), render_greeting(socket, inputs, ""));
  forgetful.acknowledge.reset();
  EXPECT_EQ(*render_acknowledge(forgetful, inputs, "17_9"), "");
  forgetful.heartbeat->message.reset();
  EXPECT_EQ(*render_heartbeat(forgetful, inputs), "") << "a ping of the protocol";
}

TEST_F(live_texts_test, a_confirmation_is_told_from_other_messages) {
  json_document scratch;
  EXPECT_TRUE(is_confirmation(socket, R"({"type":"subscribed","streams":["posts"],"resumed":false})", scratch));
  for (auto text : {R"({"type":"event"})", "subscribed", "", "[]"})
    EXPECT_FALSE(is_confirmation(socket, text, scratch)) << text;
  auto silent = socket;
  silent.confirmed_by.clear();
  EXPECT_TRUE(is_confirmation(silent, "", scratch));
}

TEST_F(live_texts_test, what_the_configuration_lacks_is_told_without_values) {
  auto poor = json(R"({"account":"17","access_token":"t0ken"})");
  websocket_settings bare;
  bare.url = code("{{ config['live_url'] }}");
  auto opening = render_opening(bare, {poor, {}, at(0)});
  ASSERT_FALSE(opening);
  EXPECT_THAT(message_of(opening.error()), HasSubstr("url of the websocket: '{{ config['live_url'] }}' has no value"));
}

TEST_F(live_texts_test, connections_listen_whose_configuration_holds_what_it_takes) {
  for (auto name : {"graph", "crm", "shop"}) {
    auto plan = example(name);
    ASSERT_EQ(plan->live.size(), 1u) << name;
    EXPECT_EQ(plan->live[0].streams.size(), plan->streams.size()) << name;
    EXPECT_TRUE(*is_enabled(plan->live[0], config, at(0))) << name;
    EXPECT_FALSE(*is_enabled(plan->live[0], json(R"({"base_url":"https://x","access_token":"t","client_id":"c","start":"2024-01-01T00:00:00Z"})"),
                             at(0))) << name;
  }
  live_plan always;
  EXPECT_TRUE(*is_enabled(always, config, at(0)));
}

} // namespace lode
