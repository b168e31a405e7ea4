#include "runtime/telemetry/trace_id.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace lode;
using testing::MatchesRegex;

TEST(trace_id_test, is_one_of_w3c_trace_context) {
  for (int64_t run = 1; run < 100; ++run)
    EXPECT_THAT(trace_id_of(8'123'456'789, run_id{run}), MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(trace_id_of(8'123'456'789, run_id{7}).size(), 32u);
}

TEST(trace_id_test, runs_of_one_store_and_runs_of_two_stores_differ) {
  EXPECT_NE(trace_id_of(1, run_id{7}), trace_id_of(1, run_id{8}));
  EXPECT_NE(trace_id_of(1, run_id{7}), trace_id_of(2, run_id{7}));
  EXPECT_NE(trace_id_of(1, run_id{11}), trace_id_of(11, run_id{1}));
}
