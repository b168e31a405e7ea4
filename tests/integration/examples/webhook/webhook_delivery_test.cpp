#include <gmock/gmock.h>

#include <caf/all.hpp>

#include <mutex>

#include "examples/webhook/webhook_sink.hpp"
#include "tests/support/sink_builders.hpp"
#include "tests/support/test_http_server.hpp"
#include "tests/support/webhook_signature.hpp"

using namespace lode;
using namespace lode::examples;
using namespace lode::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr auto secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The same, decoded by hand.
const std::string key =
  "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0";

std::string header(const server_request& request, const char* name) {
  const auto found = request.find(name);
  return found == request.end() ? "" : std::string{found->value()};
}

std::string signature_of(const server_request& request) {
  return expected_signature(key, header(request, "webhook-id"), header(request, "webhook-timestamp"), request.body());
}

struct webhook_delivery_test : testing::Test {
  /// What becomes of the n-th request, from 1.
  std::function<void(server_connection&, int)> act = [](server_connection& connection, int) {
    connection.respond(200, "ok");
  };
  std::mutex mutex;
  std::vector<server_request> received;
  test_http_server server{[this](server_connection& connection) {
    while (auto request = connection.read_request()) {
      int number = 0;
      {
        const std::lock_guard guard{mutex};
        received.push_back(*request);
        number = static_cast<int>(received.size());
      }
      act(connection, number);
    }
  }};
  std::unique_ptr<http_client> http = std::move(std::get<std::unique_ptr<http_client>>(make_beast_http_client({})));
  caf::actor_system_config config;
  caf::actor_system system{config};
  sink_actor sink;

  void start(const std::string& more = "") {
    const auto built = build_sink(make_webhook_sink, "url: " + server.url("/in") + "\nsecret: " + secret + "\n" + more);
    ASSERT_EQ(built.mistakes, "");
    sink = built.spawn(system, {"hooks", "n1", http.get()});
  }
  void TearDown() override {
    caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
    sink = nullptr;
  }
  /// "": all of it is taken.
  std::string deliver(const deliver_changes& batch) {
    caf::scoped_actor self{system};
    std::string outcome = "?";
    self->request(sink, std::chrono::seconds{60}, batch)
      .receive([&](size_t taken) { outcome = taken == batch.changes.size() ? "" : std::to_string(taken) + " taken"; },
               [&](const caf::error& why) { outcome = message_of(why); });
    return outcome;
  }
  std::vector<std::string> ids() {
    const std::lock_guard guard{mutex};
    std::vector<std::string> out;
    for (const auto& each : received)
      out.push_back(header(each, "webhook-id"));
    return out;
  }
};

TEST_F(webhook_delivery_test, a_receiver_can_check_the_signature_of_each_request) {
  start("batch: 2\nheaders:\n  X-Team: data");
  EXPECT_EQ(deliver(batch_of(3, 1, 3)), "");
  ASSERT_EQ(received.size(), 2u);
  for (const auto& each : received) {
    EXPECT_EQ(header(each, "webhook-signature"), signature_of(each));
    EXPECT_EQ(header(each, "content-type"), "application/json");
    EXPECT_EQ(header(each, "x-team"), "data");
    EXPECT_EQ(each.method_string(), "POST");
    const auto age = std::time(nullptr) - std::stoll(header(each, "webhook-timestamp"));
    EXPECT_TRUE(age >= 0 && age < 300) << age;
  }
  EXPECT_THAT(ids(), ElementsAre("5-3-1-2", "5-3-3-3"));
}

TEST_F(webhook_delivery_test, the_longest_timeout_leaves_time_for_a_batch_in_several_requests) {
  start("batch: 1\ntimeout: 25s");
  EXPECT_EQ(deliver(batch_of(3, 1, 3)), "");
  EXPECT_THAT(ids(), ElementsAre("5-3-1-1", "5-3-2-2", "5-3-3-3"));
}

TEST_F(webhook_delivery_test, while_a_secret_is_changed_requests_carry_a_signature_of_each) {
  const auto built =
    build_sink(make_webhook_sink,
               "url: " + server.url("/in") + "\nsecret: [whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA, " + secret + "]");
  ASSERT_EQ(built.mistakes, "");
  sink = built.spawn(system, {"hooks", "n1", http.get()});
  EXPECT_EQ(deliver(batch_of(3, 1, 1)), "");
  EXPECT_THAT(header(received.at(0), "webhook-signature"), testing::EndsWith(" " + signature_of(received.at(0))));
}

TEST_F(webhook_delivery_test, a_receiver_that_loses_the_connection_is_asked_again_with_the_same_id) {
  act = [](server_connection& connection, int number) {
    number == 1 ? connection.reset() : connection.respond(200, "");
  };
  start();
  EXPECT_THAT(deliver(batch_of(3, 1, 1)), HasSubstr(server.address()));
  EXPECT_EQ(deliver(batch_of(3, 1, 1)), "");
  EXPECT_THAT(ids(), ElementsAre("5-3-1-1", "5-3-1-1"));
}

TEST_F(webhook_delivery_test, a_receiver_that_does_not_answer_in_time_has_not_acknowledged) {
  act = [](server_connection& connection, int number) {
    number == 1 ? connection.wait_for_close() : connection.respond(200, "");
  };
  start("timeout: 200ms");
  EXPECT_NE(deliver(batch_of(3, 1, 1)), "");
  EXPECT_EQ(deliver(batch_of(3, 1, 1)), "");
}

TEST_F(webhook_delivery_test, a_redirect_acknowledges_nothing) {
  act = [](server_connection& connection, int number) {
    number == 1 ? connection.respond(302, "", "Location: /login\r\n") : connection.respond(200, "please log in");
  };
  start();
  EXPECT_THAT(deliver(batch_of(3, 1, 1)), HasSubstr("leads elsewhere by a redirect"));
}

} // namespace
