#include "runtime/extraction/error_rules.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/limit_headers.hpp"
#include "support.hpp"

namespace lode {

using namespace lode::testing;
using namespace std::chrono_literals;
using action = verdict_action;

namespace {

struct judge_test : ::testing::Test {
  verdict judge_of(int status, std::string_view body = "", std::vector<http_header> headers = {}) {
    json_document scratch;
    received_response response{status, headers, body, scratch};
    return judge(stream, response, {failures, waits, at(1'700'000'000), random, config});
  }

  error_handler_plan& handler() {
    if (stream.error_rules.handlers.empty())
      stream.error_rules.handlers.emplace_back();
    return stream.error_rules.handlers[0];
  }

  stream_plan stream;
  expression::value config = json(R"({"token":"SECRET-TOKEN-1"})");
  uint32_t failures = 0;
  uint32_t waits = 0;
  double random = 0.5;
};

TEST_F(judge_test, the_default_table) {
  for (auto [status, wanted] : {std::pair{200, action::accept},
                                {204, action::accept},
                                {400, action::rejected},
                                {401, action::unauthorized},
                                {402, action::retry},
                                {403, action::unauthorized},
                                {404, action::rejected},
                                {405, action::rejected},
                                {408, action::retry},
                                {409, action::retry},
                                {410, action::retry},
                                {422, action::retry},
                                {429, action::wait},
                                {500, action::retry},
                                {501, action::retry},
                                {502, action::retry},
                                {503, action::retry},
                                {504, action::retry}})
    EXPECT_EQ(judge_of(status).action, wanted) << status;
}

TEST_F(judge_test, retries_double_and_end) {
  EXPECT_EQ(judge_of(500).after, 1s);
  failures = 3;
  EXPECT_EQ(judge_of(500).after, 8s);
  random = 0;
  EXPECT_EQ(judge_of(500).after, 6s);
  failures = 5;
  EXPECT_EQ(judge_of(500).action, action::give_up_page);
  EXPECT_THAT(judge_of(500).message, ::testing::HasSubstr("6 times"));
  handler().max_retries = 6;
  EXPECT_EQ(judge_of(500).action, action::retry);
}

TEST_F(judge_test, the_nodes_settings_hold_where_the_source_declares_no_retries) {
  stream.error_rules.defaults = {2, 100ms, 300ms};
  EXPECT_EQ(judge_of(500).after, 100ms);
  failures = 1;
  EXPECT_EQ(judge_of(500).after, 200ms);
  EXPECT_EQ(judge(stream, http_error{http_failure::reset, "reset"}, {failures, 0, {}, 0.5, config}).after, 200ms);
  failures = 2;
  EXPECT_EQ(judge_of(500).action, action::give_up_page);
  EXPECT_EQ(judge(stream, http_error{http_failure::reset, "reset"}, {failures, 0, {}, 0.5, config}).action, action::give_up_page);
  EXPECT_TRUE(is_last_try(stream, failures));
  EXPECT_EQ(wait_before_retry(stream, 5, 0.5), 300ms);
}

TEST_F(judge_test, what_the_source_declares_beats_the_nodes_settings) {
  stream.error_rules.defaults = {0, 100ms, 300ms};
  handler().max_retries = 1;
  handler().backoffs = {constant_backoff{code("7")}};
  EXPECT_EQ(judge_of(500).action, action::retry);
  EXPECT_EQ(judge_of(500).after, 7s);
}

TEST_F(judge_test, a_limit_uses_up_no_retry_and_honours_retry_after) {
  failures = 5;
  random = 0;
  EXPECT_EQ(judge_of(429, "", {{"Retry-After", "2.0"}}).after, 2s);
  EXPECT_EQ(judge_of(429, "", {{"Retry-After", "Tue, 14 Nov 2023 22:13:30 GMT"}}).after, 10s);
  EXPECT_EQ(judge_of(429, "", {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1700000060"}}).after, 60s);
  EXPECT_EQ(judge_of(429, "", {{"RateLimit", "limit=10, remaining=0, reset=7"}}).after, 7s);
  EXPECT_EQ(judge_of(429, "", {{"Retry-After", "0"}}).after, 250ms);
  EXPECT_EQ(judge_of(429).action, action::wait);
  random = 0.5;
  waits = 30;
  EXPECT_EQ(judge_of(429).after, 5min);
}

TEST_F(judge_test, filters_match_by_code_predicate_or_message) {
  handler().filters.push_back({response_action::ignore, {404}, {}, "", {}});
  handler().filters.push_back({response_action::rate_limited, {}, code("{{ response.error.code == 4 }}"), "", {}});
  handler().filters.push_back({response_action::retry, {}, {}, "try later", {}});
  EXPECT_EQ(judge_of(404).action, action::ignore);
  EXPECT_EQ(judge_of(400, R"({"error":{"code":4}})").action, action::wait);
  EXPECT_EQ(judge_of(400, R"({"error":{"code":5,"message":"please try later"}})").action, action::retry);
  EXPECT_EQ(judge_of(400, R"({"error":{"code":5}})").action, action::rejected);
  EXPECT_EQ(judge_of(400, "<html>").action, action::rejected);
}

TEST_F(judge_test, a_predicate_also_sees_responses_of_200) {
  handler().filters.push_back(
    {response_action::fail, {}, code("{{ 'error' in response }}"), "", code("the API says {{ response.error }}")});
  EXPECT_EQ(judge_of(200, R"({"data":[]})").action, action::accept);
  auto refused = judge_of(200, R"({"error":"no"})");
  EXPECT_EQ(refused.action, action::rejected);
  EXPECT_THAT(refused.message, ::testing::HasSubstr("the API says no"));
}

TEST_F(judge_test, a_refused_response_that_counts_as_success_has_no_records) {
  handler().filters.push_back({response_action::success, {404}, {}, "", {}});
  EXPECT_EQ(judge_of(404).action, action::ignore);
}

TEST_F(judge_test, a_refused_page_token_begins_the_slice_anew) {
  handler().filters.push_back(
    {response_action::reset_pagination, {}, code("{{ response.error.error_subcode == 1487534 }}"), "", {}});
  EXPECT_EQ(judge_of(400, R"({"error":{"error_subcode":1487534}})").action, action::restart_paging);
}

TEST_F(judge_test, in_a_composite_fail_does_not_stop_the_walk_but_retry_does) {
  handler().filters.push_back({response_action::fail, {404}, {}, "", {}});
  stream.error_rules.handlers.emplace_back();
  stream.error_rules.handlers[1].filters.push_back({response_action::ignore, {404, 500}, {}, "", {}});
  EXPECT_EQ(judge_of(404).action, action::ignore);
  EXPECT_EQ(judge_of(500).action, action::retry) << "the first child's default table";
}

TEST_F(judge_test, backoff_strategies) {
  handler().backoffs = {wait_time_from_header{code("X-Wait"), code("wait (\\d+)"), 100s},
                        exponential_backoff{code("5")}};
  EXPECT_EQ(judge_of(500).after, 10s);
  EXPECT_EQ(judge_of(500, "", {{"X-Wait", "wait 40 please"}}).after, 40s);
  EXPECT_EQ(judge_of(500, "", {{"X-Wait", "wait 400"}}).action, action::give_up_page);
  handler().backoffs = {wait_until_from_header{code("X-Until"), {}, code("5")}};
  EXPECT_EQ(judge_of(500, "", {{"X-Until", "1700000030"}}).after, 30s);
  EXPECT_EQ(judge_of(500, "", {{"X-Until", "1600000000"}}).after, 5s);
  handler().backoffs = {constant_backoff{code("3")}};
  EXPECT_EQ(judge_of(500).after, 3s);
}

TEST_F(judge_test, messages_name_what_the_api_said_without_secrets) {
  auto said =
    judge_of(
      400,
      R"({"error":{"message":"bad token SECRET-TOKEN-1 at http://h/?access_token=abc&x=1\nEAABsbCS1iHgBO0123456789012345678901234567890"}})")
      .message;
  EXPECT_THAT(said, ::testing::AllOf(::testing::HasSubstr("400"), ::testing::HasSubstr("bad token ***"),
                                     ::testing::HasSubstr("access_token=***&x=1")));
  EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("SECRET")));
  EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("EAABsb")));
  EXPECT_THAT(said, ::testing::Not(::testing::HasSubstr("\n")));
  EXPECT_LE(judge_of(400, R"({"message":")" + std::string(9000, 'x') + "\"}").message.size(), 500u);
}

TEST_F(judge_test, failures_of_the_way_there) {
  auto of = [&](http_failure kind) {
    return judge(stream, http_error{kind, "h: no"}, {failures, waits, at(0), random, config}).action;
  };
  EXPECT_EQ(of(http_failure::connect), action::retry);
  EXPECT_EQ(of(http_failure::timeout_first_byte), action::retry);
  EXPECT_EQ(of(http_failure::truncated), action::retry);
  EXPECT_EQ(of(http_failure::overloaded), action::wait);
  EXPECT_EQ(of(http_failure::timeout_queue), action::wait);
  EXPECT_EQ(of(http_failure::invalid_request), action::rejected);
  EXPECT_EQ(of(http_failure::too_large), action::give_up_page);
  failures = 5;
  EXPECT_EQ(of(http_failure::connect), action::give_up_page);
}

// -- limit headers -----------------------------------------------------------------------------------------------------

TEST(limit_headers_test, rules_are_read_by_their_form) {
  using form = limit_header::form;
  using scope = rate_budget::scope;
  auto bucket = read_limits({{"X-Shop-Api-Call-Limit", form::used_of_limit, scope::tenant}},
                            {{"x-shop-api-call-limit", "32/40"}}, at(0));
  ASSERT_EQ(bucket.size(), 1u);
  EXPECT_EQ(bucket[0].of, scope::tenant);
  EXPECT_DOUBLE_EQ(*bucket[0].remaining, 8);
  EXPECT_DOUBLE_EQ(*bucket[0].remaining_share, 0.2);
  auto usage = read_limits({{"X-App-Usage", form::usage_percent, scope::app}},
                           {{"X-App-Usage", R"({"call_count":28,"total_time":75})"}}, at(0));
  EXPECT_DOUBLE_EQ(*usage[0].remaining_share, 0.25);
  auto over =
    read_limits({{"X-App-Usage", form::usage_percent, scope::app}}, {{"X-App-Usage", R"({"call_count":128})"}}, at(0));
  EXPECT_DOUBLE_EQ(*over[0].remaining_share, 0);
  auto two = read_limits({{"A", form::remaining, scope::app}, {"B", form::reset_at_epoch, scope::app}},
                         {{"A", "0"}, {"B", "1060"}}, at(1000));
  ASSERT_EQ(two.size(), 1u);
  EXPECT_EQ(two[0].reset_after, 60s);
  EXPECT_DOUBLE_EQ(*two[0].remaining_share, 0);
}

TEST(limit_headers_test, common_headers_need_no_rule) {
  auto found =
    read_limits({}, {{"RateLimit-Limit", "100"}, {"RateLimit-Remaining", "25"}, {"RateLimit-Reset", "30"}}, at(0));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_DOUBLE_EQ(*found[0].remaining_share, 0.25);
  EXPECT_EQ(found[0].reset_after, 30s);
  auto draft = read_limits({}, {{"RateLimit", "\"default\";r=50;t=30"}}, at(0));
  EXPECT_DOUBLE_EQ(*draft[0].remaining, 50);
}

TEST(limit_headers_test, nonsense_is_left_out) {
  using form = limit_header::form;
  EXPECT_TRUE(read_limits({{"A", form::used_of_limit, {}}, {"B", form::usage_percent, {}}, {"C", form::remaining, {}}},
                          {{"A", "x/0"}, {"B", "["}, {"C", "many"}, {"X-RateLimit-Reset", "nan"}}, at(0))
                .empty());
  EXPECT_FALSE(wait_asked({}, {{"Retry-After", "soon"}}, at(0)));
  EXPECT_EQ(wait_asked({}, {{"Retry-After", "1e300"}}, at(0)), std::chrono::milliseconds{366LL * 86400 * 1000});
}

using pauses = std::vector<budget_pause>;

TEST(pauses_asked_test, an_answer_names_the_budget_that_is_used_up_and_no_other) {
  using form = limit_header::form;
  std::vector<limit_header> rules{{"X-App-Left", form::remaining, limit_scope::app},
                                  {"X-App-Reset", form::reset_after_seconds, limit_scope::app},
                                  {"X-Shop-Limit", form::used_of_limit, limit_scope::tenant}};
  EXPECT_EQ(pauses_asked(rules, {{"X-App-Left", "0"}, {"X-App-Reset", "60"}, {"X-Shop-Limit", "3/40"}}, 0s, at(0)),
            (pauses{{limit_scope::app, 60s}}));
  EXPECT_EQ(pauses_asked(rules, {{"X-Shop-Limit", "40/40"}}, 0s, at(0)), (pauses{{limit_scope::tenant, 1s}}))
    << "no reset is said: a second";
  EXPECT_EQ(pauses_asked(rules, {{"X-App-Reset", "60"}}, 0s, at(0)), pauses{}) << "a reset alone says nothing";
}

TEST(pauses_asked_test, a_refusal_pauses_the_budget_that_is_used_up_for_as_long_as_it_says) {
  using form = limit_header::form;
  std::vector<limit_header> rules{{"X-App-Usage", form::usage_percent, limit_scope::app}};
  EXPECT_EQ(pauses_asked(rules, {{"X-App-Usage", R"({"call_count":100})"}, {"Retry-After", "30"}}, 30s, at(0)),
            (pauses{{limit_scope::app, 30s}}));
}

TEST(pauses_asked_test, what_no_named_budget_explains_of_a_refusal_falls_to_the_credential) {
  using form = limit_header::form;
  std::vector<limit_header> rules{{"X-App-Left", form::remaining, limit_scope::app},
                                  {"X-App-Reset", form::reset_after_seconds, limit_scope::app}};
  EXPECT_EQ(pauses_asked(rules, {{"Retry-After", "30"}}, 30s, at(0)), (pauses{{limit_scope::credential, 30s}}));
  EXPECT_EQ(pauses_asked(rules, {{"X-App-Left", "0"}, {"X-App-Reset", "10"}}, 30s, at(0)),
            (pauses{{limit_scope::app, 10s}, {limit_scope::credential, 30s}}));
}

} // namespace

} // namespace lode
