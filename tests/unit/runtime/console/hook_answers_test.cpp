#include "runtime/console/hook_answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/type_ids.hpp"

using namespace lode;
using testing::HasSubstr;

namespace {

caf::error error_of(errc code) {
  return caf::make_error(code, "why");
}

/// The status after these words of as many connections; errc::none = committed.
int status_after(const std::vector<errc>& words) {
  hook_verdict verdict{words.size()};
  std::optional<api_response> answer;
  for (auto word : words) {
    EXPECT_FALSE(answer) << "before the last one has said something there is no answer";
    answer = verdict.add(word == errc::none ? caf::error{} : error_of(word));
  }
  return answer ? answer->status : 0;
}

} // namespace

TEST(hook_verdict_test, it_is_heard_when_all_that_it_is_for_have_committed_it) {
  EXPECT_EQ(status_after({errc::none}), 200);
  EXPECT_EQ(status_after({errc::none, errc::none}), 200);
  EXPECT_EQ(status_after({errc::none, errc::store_unavailable}), 503);
  EXPECT_EQ(status_after({errc::unknown_outcome, errc::none}), 503);
}

TEST(hook_verdict_test, whose_signature_does_not_fit_is_not_meant) {
  EXPECT_EQ(status_after({errc::unauthorized, errc::none, errc::unauthorized}), 200);
  EXPECT_EQ(status_after({errc::unauthorized, errc::unauthorized}), 401);
  EXPECT_EQ(status_after({errc::unauthorized, errc::unreachable}), 503) << "the other one may be meant";
}

TEST(hook_verdict_test, what_cannot_be_read_is_refused_by_whose_signature_fits) {
  EXPECT_EQ(status_after({errc::bad_argument, errc::unauthorized}), 400);
  EXPECT_EQ(status_after({errc::unauthorized, errc::bad_argument}), 400);
}

TEST(hook_verdict_test, a_connection_that_nobody_listens_to_at_the_moment_will_be_listened_to) {
  EXPECT_EQ(status_after({errc::not_found}), 503);
  EXPECT_EQ(status_after({errc::internal}), 503);
}

TEST(hook_refusal_test, what_may_be_heard_later_says_when_to_come_again) {
  auto busy = hook_refusal(error_of(errc::store_unavailable));
  EXPECT_EQ(busy.status, 503);
  EXPECT_GT(busy.retry_after, 0);
  EXPECT_THAT(busy.body, HasSubstr("store_unavailable"));
  EXPECT_EQ(hook_refusal(error_of(errc::bad_source)).status, 503) << "the sender is not to blame";
  for (auto [code, status] : {std::pair{errc::unauthorized, 401}, {errc::bad_argument, 400}, {errc::not_found, 404}, {errc::conflict, 409}}) {
    auto refusal = hook_refusal(error_of(code));
    EXPECT_EQ(refusal.status, status);
    EXPECT_EQ(refusal.retry_after, 0);
  }
}

TEST(hook_gate_test, one_connection_that_is_stuck_leaves_room_for_the_others) {
  auto gate = std::make_shared<hook_gate>(5, 3);
  std::vector<hook_gate::ticket> held;
  for (int i = 0; i < 3; ++i)
    held.push_back(gate->enter({1}));
  for (const auto& ticket : held)
    EXPECT_TRUE(ticket);
  EXPECT_FALSE(gate->enter({1}));
  auto other = gate->enter({2});
  EXPECT_TRUE(other);
  held.pop_back();
  EXPECT_TRUE(gate->enter({1})) << "there is room again when one is answered";
}

TEST(hook_gate_test, all_together_are_bounded) {
  auto gate = std::make_shared<hook_gate>(2, 2);
  auto first = gate->enter({1});
  auto second = gate->enter({2});
  EXPECT_FALSE(gate->enter({3}));
  gate.reset();
  first.reset(); // what is answered after the server has gone harms nobody
}
