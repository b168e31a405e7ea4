#include "actors/scheduling/full_pass.hpp"

#include <gtest/gtest.h>

#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// posts <- comments <- likes, and users, which has nothing to do with them. Ids are 100, 101, 102, 103.
struct full_pass_test : testing::Test {
  source_plan plan;
  std::vector<stream_id> streams;
  instant now{std::chrono::hours{500'000}};

  full_pass_test() {
    for (auto name : {"posts", "comments", "likes", "users"}) {
      plan.streams.push_back(item_plan()->streams[0]);
      plan.streams.back().name = name;
      streams.push_back(stream_id{100 + static_cast<int64_t>(streams.size())});
    }
    hang(1, 0), hang(2, 1);
  }

  void hang(size_t child, size_t parent) {
    substream_parent link;
    link.stream = parent;
    plan.streams[child].routers.push_back(substream_router{{link}});
  }

  full_passes plan_with(const std::vector<full_pass_row>& known, run_kind kind = run_kind::scheduled) const {
    return plan_full_passes(plan, streams, known, kind, now);
  }
};

using flags = std::vector<bool>;

} // namespace

TEST_F(full_pass_test, streams_that_declare_nothing_are_never_read_from_the_beginning_by_themselves) {
  EXPECT_FALSE(are_full_passes_wanted(plan, streams));
  EXPECT_EQ(plan_with({}).is_whole, (flags{false, false, false, false}));
}

TEST_F(full_pass_test, a_pass_is_due_when_there_was_none_and_when_the_last_one_began_long_enough_ago) {
  plan.streams[3].lode.full_pass_every = 168h;
  EXPECT_TRUE(are_full_passes_wanted(plan, streams));
  EXPECT_TRUE(plan_with({}).is_whole[3]);
  EXPECT_TRUE(plan_with({{stream_id{103}, std::nullopt, false}}).is_whole[3]);
  EXPECT_TRUE(plan_with({{stream_id{103}, now - 168h, false}}).is_whole[3]);
  EXPECT_FALSE(plan_with({{stream_id{103}, now - 168h + 1s, false}}).is_whole[3]);
  EXPECT_FALSE(plan_with({{stream_id{103}, now - 999h, true}}).is_whole[3]) << "one is under way";
}

TEST_F(full_pass_test, a_sub_stream_takes_its_parents_with_it_and_needs_them) {
  plan.streams[2].lode.full_pass_every = 1h;
  auto passes = plan_with({});
  EXPECT_EQ(passes.is_whole, (flags{true, true, true, false}));
  ASSERT_EQ(passes.begun.size(), 1u);
  EXPECT_EQ(passes.begun[0].stream, stream_id{102});
  EXPECT_EQ(passes.begun[0].needs, (std::vector<stream_id>{{100}, {101}, {102}}));
}

TEST_F(full_pass_test, a_stream_that_is_not_mined_asks_for_nothing) {
  plan.streams[3].lode.full_pass_every = 1h;
  streams[3] = {};
  EXPECT_FALSE(are_full_passes_wanted(plan, streams));
  EXPECT_TRUE(plan_with({}).begun.empty());
}

TEST_F(full_pass_test, a_full_run_reads_all_from_the_beginning_and_backfill_and_repair_nothing) {
  plan.streams[3].lode.full_pass_every = 168h;
  std::vector<full_pass_row> fresh{{stream_id{103}, now, false}};
  EXPECT_EQ(plan_with(fresh, run_kind::full).is_whole, (flags{true, true, true, true}));
  EXPECT_EQ(plan_with(fresh, run_kind::full).begun.size(), 1u);
  EXPECT_FALSE(plan_with(fresh, run_kind::manual).is_whole[3]);
  EXPECT_TRUE(plan_with({}, run_kind::manual).is_whole[3]);
  EXPECT_FALSE(plan_with({}, run_kind::backfill).is_whole[3]);
  EXPECT_FALSE(plan_with({}, run_kind::repair).is_whole[3]);
}
