#include "actors/streaming/webhook_listener.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/security/hmac.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// One stream `items` with a webhook whose body is signed with config['secret'].
source_plan_pointer hook_plan_of_items() {
  auto plan = std::make_shared<source_plan>(*item_plan());
  webhook_settings settings;
  webhook_signature signature;
  signature.header = "X-Sig";
  signature.parts.push_back({signed_part::source::body, {}});
  signature.secret = *program::parse("{{ config['secret'] }}");
  settings.signature = signature;
  live_plan live;
  live.listener = webhook_listener_name;
  live.typed = settings;
  live.streams = {0};
  plan->live.push_back(std::move(live));
  return plan;
}

connection_pointer hooked(std::string secret) {
  auto made = std::make_shared<connection_context>(*item_connection(1, hook_plan_of_items()));
  made->config = expression::value{expression::value_map{{"secret", expression::value{std::move(secret)}}}};
  return made;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (unsigned char byte : bytes) {
    constexpr auto digits = "0123456789abcdef";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

/// The test speaks for the owner.
struct webhook_listener_test : actor_test {
  std::vector<messages_heard> heard;
  std::vector<caf::error> ended;
  size_t begun = 0;
  size_t signs = 0;
  instant now{1h};
  logical_clock clock;
  timers_actor service = spawn<timers>();
  listener_owner_actor owner = spawn_fake<listener_owner_actor>(
    [this](listening_began) { ++begun; }, [this](still_listening) { ++signs; },
    [this](const listening_ended& msg) { ended.push_back(msg.reason); }, [this](messages_heard& msg) { heard.push_back(std::move(msg)); });
  listener_actor listener;

  void make(uint32_t window = 3, std::string secret = "s3cret") {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->clock = &clock;
    services->now = [this] { return now; };
    auto live = std::make_shared<live_services>();
    live->window = window;
    listener = spawn<webhook_listener>(listener_job{hooked(std::move(secret)), 0, services, live, owner});
  }
  void begin() {
    make();
    tell(start_listening{});
  }
  template <class Message>
  void tell(Message msg) {
    caf::anon_send(listener, std::move(msg));
    run();
  }

  static webhook_arrived signed_request(const std::string& body, const std::string& secret = "s3cret") {
    std::vector<std::string_view> signs{body};
    return {"POST", "/hooks/items", {{"X-Sig", hex(hmac(hmac_hash::sha256, secret, signs))}, {"X-Topic", "items/update"}}, body};
  }

  /// What was answered, as text: "" = nothing yet, "done", or the error's code.
  struct asked {
    std::shared_ptr<std::string> answer = std::make_shared<std::string>();
  };
  asked post(webhook_arrived request) {
    asked out;
    auto said = out.answer;
    system.spawn([said, to = listener, request = std::move(request)](caf::event_based_actor* self) {
      self->request(to, caf::infinite, request)
        .then([said] { *said = "done"; }, [said](const caf::error& why) { *said = to_string(why); });
    });
    run();
    return out;
  }
};

} // namespace

TEST_F(webhook_listener_test, it_listens_as_soon_as_its_settings_can_be_read) {
  begin();
  EXPECT_EQ(begun, 1u);
  auto before = signs;
  advance(5s);
  EXPECT_GT(signs, before + 1) << "that it lives is all that it knows";
}

TEST_F(webhook_listener_test, a_secret_that_everybody_knows_is_a_persons_affair) {
  make(3, "");
  tell(start_listening{});
  EXPECT_EQ(begun, 0u);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0], errc::bad_source);
}

TEST_F(webhook_listener_test, what_is_posted_is_answered_when_it_is_committed) {
  begin();
  auto first = post(signed_request(R"({"id":1})"));
  auto second = post(signed_request(R"({"id":2})"));
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].messages.at(0).body, R"({"id":1})");
  EXPECT_EQ(heard[0].messages[0].received_at, now);
  EXPECT_LT(heard[0].messages[0].counter, heard[1].messages.at(0).counter);
  ASSERT_EQ(heard[0].messages[0].headers.size(), 2u);
  EXPECT_EQ(heard[0].messages[0].headers[1].second, "items/update");
  EXPECT_EQ(*first.answer, "");
  tell(messages_settled{heard[1].batch});
  EXPECT_EQ(*first.answer, "") << "only what is committed is acknowledged";
  EXPECT_EQ(*second.answer, "done");
  tell(messages_settled{heard[0].batch});
  EXPECT_EQ(*first.answer, "done");
}

TEST_F(webhook_listener_test, what_is_signed_with_another_secret_is_heard_by_nobody) {
  begin();
  EXPECT_THAT(*post(signed_request(R"({"id":1})", "guessed")).answer, HasSubstr("unauthorized"));
  auto forged = signed_request(R"({"id":1})");
  forged.body = R"({"id":2})";
  EXPECT_THAT(*post(forged).answer, HasSubstr("unauthorized"));
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(webhook_listener_test, what_is_no_json_is_to_be_sent_again) {
  begin();
  EXPECT_THAT(*post(signed_request(R"({"id":)")).answer, HasSubstr("bad_argument"));
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(webhook_listener_test, before_it_begins_it_hears_nothing) {
  make();
  EXPECT_THAT(*post(signed_request("{}")).answer, HasSubstr("store_unavailable"));
  EXPECT_THAT(heard, IsEmpty());
}

TEST_F(webhook_listener_test, beyond_its_window_it_is_busy_until_something_is_committed) {
  begin();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(*post(signed_request("{}")).answer, "");
  EXPECT_THAT(*post(signed_request("{}")).answer, HasSubstr("store_unavailable"));
  EXPECT_THAT(*post(signed_request("{}", "guessed")).answer, HasSubstr("unauthorized")) << "whoever is not meant learns nothing";
  tell(messages_settled{heard.at(0).batch});
  EXPECT_EQ(*post(signed_request("{}")).answer, "");
}

TEST_F(webhook_listener_test, what_is_lost_is_not_acknowledged) {
  begin();
  auto one = post(signed_request("{}"));
  messages_settled lost{heard.at(0).batch};
  lost.is_lost = true;
  tell(lost);
  EXPECT_THAT(*one.answer, HasSubstr("store_unavailable"));
}

TEST_F(webhook_listener_test, when_it_ends_nobody_waits_for_ever) {
  begin();
  auto one = post(signed_request("{}"));
  send_exit(listener, caf::exit_reason::user_shutdown);
  EXPECT_THAT(*one.answer, HasSubstr("store_unavailable"));
  EXPECT_NE(*post(signed_request("{}")).answer, "") << "and whoever comes too late is told as well";
}
