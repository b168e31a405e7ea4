#include "runtime/websocket/liveness.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace lode {

struct liveness_test : testing::Test {
  liveness::clock::time_point start{1000s};
  liveness watched{60s, 20s};

  liveness_test() { watched.start(start); }

  auto at(std::chrono::seconds second) { return watched.due(start + second); }
};

TEST_F(liveness_test, nothing_is_due_before_the_first_ping) {
  EXPECT_EQ(watched.next(), start + 20s);
  auto step = at(19s);
  EXPECT_EQ(step.what, liveness::act::wait);
  EXPECT_EQ(step.next, start + 20s);
}

TEST_F(liveness_test, a_ping_is_due_again_and_again) {
  EXPECT_EQ(at(20s).what, liveness::act::ping);
  EXPECT_EQ(at(21s).what, liveness::act::wait);
  EXPECT_EQ(at(40s).what, liveness::act::ping);
}

TEST_F(liveness_test, silence_for_the_whole_time_is_the_end) {
  at(20s), at(40s);
  EXPECT_EQ(at(59s).next, start + 60s);
  EXPECT_EQ(at(60s).what, liveness::act::give_up);
}

TEST_F(liveness_test, anything_heard_begins_the_time_anew) {
  watched.heard(start + 50s);
  EXPECT_NE(at(60s).what, liveness::act::give_up);
  EXPECT_NE(at(109s).what, liveness::act::give_up);
  EXPECT_EQ(at(110s).what, liveness::act::give_up);
}

TEST_F(liveness_test, silence_means_nothing_while_nobody_reads) {
  watched.pause();
  EXPECT_EQ(at(600s).what, liveness::act::ping);
  watched.resume(start + 600s);
  EXPECT_NE(at(659s).what, liveness::act::give_up);
  EXPECT_EQ(at(660s).what, liveness::act::give_up);
}

TEST_F(liveness_test, a_pause_is_no_proof_that_something_was_heard) {
  watched.pause();
  watched.resume(start + 30s);
  EXPECT_EQ(watched.last_heard(), start);
}

TEST_F(liveness_test, zero_means_never) {
  liveness endless{0s, 0s};
  endless.start(start);
  EXPECT_EQ(endless.next(), liveness::clock::time_point::max());
  EXPECT_EQ(endless.due(start + 10'000s).what, liveness::act::wait);
}

} // namespace lode
