#include <gmock/gmock.h>

#include "examples/webhook/signature.hpp"
#include "examples/webhook/webhook_sink.hpp"
#include "runtime/http/scripted_http_client.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/sink_builders.hpp"

using namespace lode;
using namespace lode::examples;
using namespace std::chrono_literals;
using lode::test::batch_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr auto url = "https://hooks.example.com/in?token=hidden";

struct surroundings {
  scripted_http_client http{scripted_http_client::delivery::on_demand};
};

struct webhook_sink_test : surroundings, actor_test {
  webhook_actor sink =
    spawn<webhook_sink>(webhook_sink_settings{url, "hooks.example.com:443", {std::string(24, 'k')}, 2}, &http);
  caf::scoped_actor asker{system};

  /// An answer that is still to come.
  auto deliver(const deliver_changes& batch) {
    auto answer = asker->request(sink, caf::infinite, batch);
    run();
    return answer;
  }
  void respond(int status, std::vector<http_header> headers = {}, const std::string& from = url) {
    http_response response{status, std::move(headers)};
    response.final_url = from;
    http.answer_any(std::move(response));
    ASSERT_TRUE(http.deliver_next());
    run();
  }
  /// What the request was answered with: how many changes are safe, or why none is.
  template <class Answer>
  std::string outcome_of(Answer& answer) {
    std::string text = "no answer";
    answer.receive([&](size_t taken) { text = std::to_string(taken) + " taken"; },
                   [&](caf::error& why) { text = to_string(static_cast<errc>(why.code())) + ": " + message_of(why); });
    return text;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const auto& each : http.requests())
      out.push_back(*find_header(each.headers, "webhook-id"));
    return out;
  }
};

TEST_F(webhook_sink_test, a_batch_goes_out_in_parts_one_after_the_other_and_is_answered_after_the_last_one) {
  auto answer = deliver(batch_of(3, 10, 14));
  EXPECT_THAT(ids(), ElementsAre("5-3-10-11"));
  respond(200);
  EXPECT_THAT(ids(), ElementsAre("5-3-10-11", "5-3-12-13"));
  respond(204);
  respond(202);
  EXPECT_THAT(ids(), ElementsAre("5-3-10-11", "5-3-12-13", "5-3-14-14"));
  EXPECT_EQ(outcome_of(answer), "5 taken");
}

TEST_F(webhook_sink_test, shards_do_not_wait_for_each_other) {
  auto one = deliver(batch_of(1, 1, 1));
  auto other = deliver(batch_of(2, 1, 1));
  EXPECT_THAT(ids(), ElementsAre("5-1-1-1", "5-2-1-1"));
  respond(200);
  respond(200);
  EXPECT_EQ(outcome_of(one) + outcome_of(other), "1 taken1 taken");
}

TEST_F(webhook_sink_test, what_was_acknowledged_before_a_refusal_is_the_answer_and_the_rest_has_the_ids_it_had) {
  auto part = deliver(batch_of(3, 1, 4));
  respond(200);
  respond(500);
  EXPECT_EQ(outcome_of(part), "2 taken");
  auto rest = deliver(batch_of(3, 3, 4));
  respond(500);
  EXPECT_EQ(outcome_of(rest), "server_failed: hooks.example.com:443: answered 500");
  auto again = deliver(batch_of(3, 3, 4));
  respond(200);
  EXPECT_EQ(outcome_of(again), "2 taken");
  EXPECT_THAT(ids(), ElementsAre("5-3-1-2", "5-3-3-4", "5-3-3-4", "5-3-3-4"));
}

TEST_F(webhook_sink_test, what_was_acknowledged_before_a_receiver_asked_for_a_pause_is_the_answer) {
  auto part = deliver(batch_of(3, 1, 4));
  respond(200);
  respond(429, {{"Retry-After", "20"}});
  EXPECT_EQ(outcome_of(part), "2 taken");
  auto rest = deliver(batch_of(3, 3, 4));
  EXPECT_THAT(outcome_of(rest), HasSubstr("asked to be left alone"));
  EXPECT_EQ(ids().size(), 2u);
}

TEST_F(webhook_sink_test, of_what_failed_it_remembers_nothing) {
  auto part = deliver(batch_of(3, 1, 4));
  respond(200);
  respond(500);
  EXPECT_EQ(outcome_of(part), "2 taken");
  auto rewound = deliver(batch_of(3, 1, 2));
  respond(200);
  EXPECT_EQ(outcome_of(rewound), "2 taken");
  EXPECT_THAT(ids(), ElementsAre("5-3-1-2", "5-3-3-4", "5-3-1-2"));
}

TEST_F(webhook_sink_test, a_shard_that_is_asked_for_again_gives_up_the_request_that_is_out) {
  auto late = deliver(batch_of(3, 1, 2));
  auto again = deliver(batch_of(3, 1, 2));
  EXPECT_THAT(outcome_of(late), HasSubstr("asked for again"));
  EXPECT_EQ(http.stats().requests_in_flight, 1u);
  respond(200);
  EXPECT_EQ(outcome_of(again), "2 taken");
}

TEST_F(webhook_sink_test, only_a_2xx_acknowledges_and_what_does_not_says_what_to_do) {
  const std::pair<int, const char*> refusals[] = {
    {410, "rejected: hooks.example.com:443: answered 410 (Gone): it wants no more"},
    {400, "rejected: hooks.example.com:443: answered 400"},
    {408, "server_failed"},
    {429, "rate_limited"},
    {503, "rate_limited"},
    {302, "rejected: hooks.example.com:443: leads elsewhere"}};
  for (const auto& [status, says] : refusals) {
    auto answer = deliver(batch_of(3, 1, 1));
    respond(status);
    const auto outcome = outcome_of(answer);
    EXPECT_THAT(outcome, HasSubstr(says)) << status;
    EXPECT_THAT(outcome, Not(HasSubstr("hidden")));
  }
}

TEST_F(webhook_sink_test, an_acknowledgement_from_where_a_redirect_led_to_is_none) {
  auto answer = deliver(batch_of(3, 1, 1));
  respond(200, {}, "https://hooks.example.com/login");
  EXPECT_THAT(outcome_of(answer), HasSubstr("leads elsewhere by a redirect"));
}

TEST_F(webhook_sink_test, a_receiver_that_asked_for_a_pause_gets_one) {
  auto refused = deliver(batch_of(3, 1, 1));
  respond(429, {{"Retry-After", "20"}});
  EXPECT_THAT(outcome_of(refused), HasSubstr("rate_limited"));
  auto early = deliver(batch_of(3, 1, 1));
  EXPECT_THAT(outcome_of(early), HasSubstr("asked to be left alone"));
  EXPECT_EQ(ids().size(), 1u);
  advance(20s);
  auto later = deliver(batch_of(3, 1, 1));
  respond(200);
  EXPECT_EQ(outcome_of(later), "1 taken");
}

TEST_F(webhook_sink_test, a_receiver_that_is_too_slow_for_a_batch_has_taken_what_it_took_in_time) {
  auto slow = deliver(batch_of(3, 1, 6));
  advance(9s);
  respond(200);
  advance(9s);
  respond(200);
  EXPECT_EQ(outcome_of(slow), "4 taken");
  auto rest = deliver(batch_of(3, 5, 6));
  respond(200);
  EXPECT_EQ(outcome_of(rest), "2 taken");
  EXPECT_THAT(ids(), ElementsAre("5-3-1-2", "5-3-3-4", "5-3-5-6"));
}

TEST_F(webhook_sink_test, its_end_cancels_what_is_in_flight) {
  std::ignore = deliver(batch_of(3, 1, 1));
  EXPECT_EQ(http.stats().requests_in_flight, 1u);
  send_exit(sink, caf::exit_reason::user_shutdown);
  EXPECT_EQ(http.stats().requests_in_flight, 0u);
}

TEST_F(webhook_sink_test, a_body_holds_each_change_with_the_record_as_it_was_sent) {
  auto batch = batch_of(3, 1, 2);
  batch.changes[0].payload = "{\"id\":12345678901234567890,\n \"x\":1e400}";
  batch.changes[1].kind = change_kind::deleted;
  batch.changes[1].payload = "";
  auto answer = deliver(batch);
  respond(200);
  EXPECT_EQ(outcome_of(answer), "2 taken");
  EXPECT_EQ(
    http.requests()[0].body,
    R"({"type":"lode.changes","timestamp":"2026-01-31T00:00:00Z","data":{"generation":5,"shard":3,"changes":[)"
    R"({"seq":1,"tenant":"acme","connection":"main","source":"crm","stream":"contacts","change":"updated","key":"key-1",)"
    R"("hash":"00000000000000010000000000000001","committed":"2026-01-31T00:00:00Z","record":{"id":12345678901234567890,  "x":1e400}},)"
    R"({"seq":2,"tenant":"acme","connection":"main","source":"crm","stream":"contacts","change":"deleted","key":"key-2",)"
    R"("hash":"00000000000000010000000000000002","committed":"2026-01-31T00:00:00Z"}]}})");
}

} // namespace
