#include "actors/scheduling/run_plan.hpp"

#include <gtest/gtest.h>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// A connection with the stream `dated`, which has dates since `first`, and `plain`, which has none.
struct run_plan_test : testing::Test {
  static constexpr stream_id dated{100}, plain{101};
  const instant now{std::chrono::hours{500'000}};
  const instant first = now - 10h;
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  connection_context connection;
  std::vector<bool> is_whole{false, false};

  run_plan_test() {
    auto plan = std::make_shared<source_plan>(*item_plan());
    plan->streams.push_back(plan->streams[0]);
    incremental_plan dates;
    dates.cursor_field = *program::parse("updated");
    dates.datetime_format = "%Y-%m-%dT%H:%M:%SZ";
    dates.start.datetime = *program::parse("2027-01-14T22:00:00Z"); // 499,990 hours
    plan->streams[0].incremental = dates;
    connection = *item_connection(1, plan);
    connection.streams = {dated, plain};
  }

  run_plan_inputs inputs(run_kind kind = run_kind::scheduled) const {
    run_plan_inputs in{connection, kind, is_whole};
    in.now = now;
    return in;
  }

  run_plan_inputs known_up_to(instant known, run_kind kind = run_kind::scheduled) const {
    auto in = inputs(kind);
    in.cursors = {{dated, "", known}};
    return in;
  }

  run_start planned(const run_plan_inputs& in) const {
    auto run = plan_run(in, codec);
    EXPECT_TRUE(run) << to_string(run.error());
    return run ? std::move(*run) : run_start{};
  }

  std::chrono::microseconds settle_time() const { return connection.stream(0).lode.settle_time; }

  /// Where reading of `dated` begins.
  instant begins(const run_plan_inputs& in) const {
    for (const auto& each : planned(in).first)
      if (each.stream == dated)
        return each.slice.from;
    return {};
  }

  static std::vector<stream_id> streams_of(const run_start& run) {
    std::vector<stream_id> out;
    for (const auto& each : run.first)
      out.push_back(each.stream);
    return out;
  }
};

using streams = std::vector<stream_id>;

} // namespace

TEST_F(run_plan_test, a_stream_of_which_nothing_is_known_is_read_from_where_its_dates_begin) {
  EXPECT_EQ(begins(inputs()), first);
  EXPECT_EQ(streams_of(planned(inputs())), (streams{dated, plain}));
}

TEST_F(run_plan_test, a_stream_is_read_from_its_cursor_but_for_the_time_in_which_changes_settle) {
  EXPECT_EQ(begins(known_up_to(now - 2h)), now - 2h - settle_time());
}

TEST_F(run_plan_test, a_stream_that_is_to_be_read_whole_is_read_from_the_beginning_whatever_its_cursor_says) {
  is_whole[0] = true;
  EXPECT_EQ(begins(known_up_to(now - 2h)), first);
}

TEST_F(run_plan_test, a_stream_that_is_read_for_its_childrens_sake_is_read_from_the_beginning) {
  connection.parents_only = {0};
  EXPECT_EQ(begins(known_up_to(now - 2h)), first);
}

TEST_F(run_plan_test, a_repair_reads_from_where_its_span_begins_but_for_settle_time_and_the_skew_of_clocks) {
  auto in = known_up_to(now - 2h, run_kind::repair);
  in.repairs = slice_bounds{now - 5h, now - 4h};
  EXPECT_EQ(begins(in), now - 5h - live_clock_skew - settle_time());
}

TEST_F(run_plan_test, a_repair_of_all_that_was_before_reads_from_the_beginning) {
  auto in = known_up_to(now - 2h, run_kind::repair);
  in.repairs = slice_bounds{instant{}, now - 4h};
  EXPECT_EQ(begins(in), first);
}

TEST_F(run_plan_test, an_ordered_backfill_leaves_streams_without_dates_and_those_that_nobody_named) {
  auto in = inputs(run_kind::backfill);
  in.ordered = backfill_order{{now - 5h, now - 4h}, {}};
  EXPECT_EQ(streams_of(planned(in)), (streams{dated}));
  in.ordered->streams = {plain};
  EXPECT_EQ(streams_of(planned(in)), (streams{}));
}

TEST_F(run_plan_test, an_ordered_backfill_reads_parents_of_others_although_they_have_no_dates) {
  connection.parents_only = {1};
  auto in = inputs(run_kind::backfill);
  in.ordered = backfill_order{{now - 5h, now - 4h}, {}};
  EXPECT_EQ(streams_of(planned(in)), (streams{dated, plain}));
}

TEST_F(run_plan_test, what_lies_between_the_cursor_and_where_dates_begin_is_passed_over_for_good) {
  auto run = planned(known_up_to(first - 3h));
  ASSERT_EQ(run.skips.size(), 1u);
  EXPECT_EQ(run.skips[0].from, first - 3h);
  EXPECT_EQ(run.skips[0].to, first);
  EXPECT_TRUE(planned(known_up_to(first - 3h, run_kind::repair)).skips.empty());
}
