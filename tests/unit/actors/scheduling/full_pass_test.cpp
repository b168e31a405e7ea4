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
  std::set<size_t> parents_only;
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

  /// The API says that a change of a child changes its parent too.
  void declare_dependency(size_t child) {
    for (auto& router : plan.streams[child].routers)
      for (auto& parent : std::get<substream_router>(router).parents)
        parent.incremental_dependency = true;
  }

  void read_by_date(size_t stream) { plan.streams[stream].incremental.emplace(); }

  mined_streams mined() const { return {plan, streams, parents_only}; }

  full_passes plan_with(const std::vector<full_pass_row>& known, run_kind kind = run_kind::scheduled) const {
    return plan_full_passes(mined(), known, kind, now);
  }

  /// A pass that was complete and after which nothing stayed owed.
  full_pass_row sound(size_t stream, std::vector<stream_id> needs) const {
    return {streams[stream], now - 999h, false, true, std::move(needs)};
  }
};

using flags = std::vector<bool>;

} // namespace

TEST_F(full_pass_test, streams_that_declare_nothing_are_never_read_from_the_beginning_by_themselves) {
  declare_dependency(1), declare_dependency(2);
  EXPECT_FALSE(are_full_passes_wanted(mined()));
  EXPECT_EQ(plan_with({}).is_whole, (flags{false, false, false, false}));
}

TEST_F(full_pass_test, a_pass_is_due_when_there_was_none_and_when_the_last_one_began_long_enough_ago) {
  plan.streams[3].lode.full_pass_every = 168h;
  EXPECT_TRUE(are_full_passes_wanted(mined()));
  EXPECT_TRUE(plan_with({}).is_whole[3]);
  EXPECT_TRUE(plan_with({{stream_id{103}, std::nullopt, false}}).is_whole[3]);
  EXPECT_TRUE(plan_with({{stream_id{103}, now - 168h, false}}).is_whole[3]);
  EXPECT_FALSE(plan_with({{stream_id{103}, now - 168h + 1s, false}}).is_whole[3]);
  EXPECT_FALSE(plan_with({{stream_id{103}, now - 999h, true}}).is_whole[3]) << "one is under way";
}

TEST_F(full_pass_test, a_sub_stream_takes_its_parents_with_it_and_needs_them) {
  declare_dependency(1), declare_dependency(2);
  plan.streams[2].lode.full_pass_every = 1h;
  auto passes = plan_with({});
  EXPECT_EQ(passes.is_whole, (flags{true, true, true, false}));
  ASSERT_EQ(passes.begun.size(), 1u);
  EXPECT_EQ(passes.begun[0].stream, stream_id{102});
  EXPECT_EQ(passes.begun[0].needs, (std::vector<stream_id>{{100}, {101}, {102}}));
}

TEST_F(full_pass_test, a_stream_that_is_read_for_its_children_only_asks_for_nothing) {
  declare_dependency(1), declare_dependency(2);
  plan.streams[1].lode.full_pass_every = 1h;
  parents_only = {1};
  EXPECT_FALSE(are_full_passes_wanted(mined()));
  for (auto kind : {run_kind::scheduled, run_kind::full})
    EXPECT_TRUE(plan_with({}, kind).begun.empty()) << "nothing of it is kept";
  EXPECT_EQ(plan_with({}).is_whole, (flags{false, false, false, false})) << "posts are not its to ask for";
}

TEST_F(full_pass_test, a_stream_that_is_not_mined_asks_for_nothing) {
  plan.streams[3].lode.full_pass_every = 1h;
  streams[3] = {};
  EXPECT_FALSE(are_full_passes_wanted(mined()));
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

// -- parents ------------------------------------------------------------------------------------------------------------------

TEST_F(full_pass_test, parents_are_whole_in_every_run_because_something_new_may_be_below_an_unchanged_record) {
  read_by_date(0);
  for (auto kind : {run_kind::scheduled, run_kind::manual, run_kind::full, run_kind::backfill, run_kind::repair}) {
    auto passes = plan_with({sound(1, {{100}, {101}}), sound(2, {{100}, {101}, {102}})}, kind);
    EXPECT_TRUE(passes.is_whole[0] && passes.is_whole[1]);
    EXPECT_TRUE(passes.begun.empty()) << "there is nothing to remember";
  }
}

TEST_F(full_pass_test, a_child_that_is_not_mined_says_nothing_about_its_parent) {
  read_by_date(0);
  streams[1] = streams[2] = {};
  EXPECT_FALSE(plan_with({}).is_whole[0]);
}

TEST_F(full_pass_test, one_child_without_incremental_dependency_is_enough) {
  read_by_date(0);
  hang(3, 0);
  for (auto child : {size_t{1}, size_t{2}, size_t{3}})
    declare_dependency(child);
  std::vector<full_pass_row> known{sound(1, {{100}, {101}}), sound(2, {{100}, {101}, {102}}), sound(3, {{100}, {103}})};
  EXPECT_FALSE(plan_with(known).is_whole[0]);
  std::get<substream_router>(plan.streams[3].routers[0]).parents[0].incremental_dependency = false;
  EXPECT_TRUE(plan_with(known).is_whole[0]);
}

TEST_F(full_pass_test, what_is_needed_whole_is_not_to_be_had_without_all_that_is_above_it) {
  read_by_date(0);
  declare_dependency(1);
  auto passes = plan_with({sound(1, {{100}, {101}})});
  EXPECT_TRUE(passes.is_whole[1]) << "likes may be new below an unchanged comment";
  EXPECT_TRUE(passes.is_whole[0]) << "which is there below an unchanged post";
}

TEST_F(full_pass_test, a_parent_is_read_from_its_cursor_once_a_pass_has_read_all_that_is_below_it) {
  read_by_date(0);
  declare_dependency(1), declare_dependency(2);
  EXPECT_TRUE(are_full_passes_wanted(mined()));
  auto first = plan_with({});
  EXPECT_TRUE(first.is_whole[0]);
  ASSERT_EQ(first.begun.size(), 2u);
  EXPECT_EQ(first.begun[1].needs, (std::vector<stream_id>{{100}, {101}, {102}}));
  auto comments = sound(1, {{100}, {101}}), likes = sound(2, {{100}, {101}, {102}});
  auto later = plan_with({comments, likes});
  EXPECT_EQ(later.is_whole, (flags{false, false, false, false}));
  EXPECT_TRUE(later.begun.empty());
  likes.is_sound = false;
  later = plan_with({comments, likes});
  EXPECT_TRUE(later.is_whole[0]) << "a like stayed owed below a post that the cursor has passed";
  ASSERT_EQ(later.begun.size(), 1u);
  EXPECT_EQ(later.begun[0].stream, stream_id{102});
}

TEST_F(full_pass_test, a_pass_that_did_not_read_a_parent_of_today_proves_nothing) {
  read_by_date(0), read_by_date(3);
  declare_dependency(1);
  streams[2] = {};
  EXPECT_FALSE(plan_with({sound(1, {{100}, {101}})}).is_whole[0]);
  hang(1, 3);
  declare_dependency(1);
  auto passes = plan_with({sound(1, {{100}, {101}})});
  EXPECT_TRUE(passes.is_whole[0] && passes.is_whole[3]);
}

TEST_F(full_pass_test, backfill_and_repair_are_no_time_to_earn_a_cursor) {
  read_by_date(0);
  declare_dependency(1), declare_dependency(2);
  for (auto kind : {run_kind::backfill, run_kind::repair}) {
    EXPECT_FALSE(plan_with({}, kind).is_whole[0]);
    EXPECT_TRUE(plan_with({}, kind).begun.empty());
  }
}

// -- sweeps -------------------------------------------------------------------------------------------------------------------

TEST_F(full_pass_test, a_sweep_is_for_what_is_declared_and_read_whole_and_for_its_parents) {
  plan.streams[1].lode.full_pass_every = 168h;
  auto passes = plan_passes(mined(), plan_with({}), run_kind::scheduled);
  ASSERT_EQ(passes.size(), 4u);
  EXPECT_TRUE(passes[0].reads_all);
  EXPECT_TRUE(passes[1].reads_all);
  EXPECT_EQ(passes[1].needs, (std::vector{streams[0], streams[1]}));
  EXPECT_FALSE(passes[2].reads_all);
  EXPECT_FALSE(passes[3].reads_all);
  passes = plan_passes(mined(), plan_with({{streams[1], now, false}}), run_kind::scheduled);
  EXPECT_FALSE(passes[1].reads_all) << "its last one is not too old";
  EXPECT_TRUE(plan_passes(mined(), plan_with({}, run_kind::full), run_kind::full)[3].reads_all);
  for (auto kind : {run_kind::backfill, run_kind::repair})
    EXPECT_TRUE(plan_passes(mined(), plan_with({}, kind), kind).empty());
}

TEST_F(full_pass_test, a_pass_is_patient_where_a_record_may_move_past_the_reader_unnoticed) {
  auto pass_of = [&](size_t stream) { return plan_passes(mined(), plan_with({}, run_kind::full), run_kind::full)[stream]; };
  auto& users = plan.streams[3];
  EXPECT_TRUE(pass_of(3).is_patient) << "page tokens in an order that nobody declares";
  users.lode.has_stable_order = true;
  EXPECT_FALSE(pass_of(3).is_patient);
  users.paginator.strategy = offset_paging{};
  EXPECT_FALSE(pass_of(3).is_patient);
  users.paginator.strategy = page_number_paging{};
  EXPECT_TRUE(pass_of(3).is_patient) << "its pages are checked here and there";
  users.lode.has_stable_order = false;
  users.paginator.strategy = no_paging{};
  EXPECT_FALSE(pass_of(3).is_patient) << "one page is one moment";
  users.lode.miner = "soap";
  EXPECT_TRUE(pass_of(3).is_patient) << "such a miner pages by tokens, whatever the manifest says";
  users.lode.miner = default_miner;
  users.incremental.emplace();
  EXPECT_TRUE(pass_of(3).is_patient);
  EXPECT_EQ(pass_of(3).settles, users.lode.settle_time);
  plan.streams[1].paginator.strategy = no_paging{};
  EXPECT_TRUE(pass_of(1).is_patient) << "its parent may be missed";
  plan.streams[0].paginator.strategy = no_paging{};
  EXPECT_FALSE(pass_of(1).is_patient);
}

TEST_F(full_pass_test, a_run_that_reads_from_a_cursor_agrees_to_a_pass_only_if_it_would_see_what_that_missed) {
  streams[0] = streams[1] = streams[2] = {};
  auto may_agree = [&] { return !plan_passes(mined(), plan_with({}), run_kind::scheduled).empty(); };
  auto& users = plan.streams[3];
  EXPECT_TRUE(may_agree()) << "without a cursor each run reads all";
  read_by_date(3);
  users.paginator.strategy = no_paging{};
  EXPECT_TRUE(may_agree()) << "what was edited while the pass went on is behind the cursor";
  users.paginator.strategy = page_number_paging{};
  EXPECT_FALSE(may_agree()) << "what shifted past it was not edited and stays before the cursor";
  users.paginator.strategy = offset_paging{};
  EXPECT_FALSE(may_agree());
  users.lode.has_stable_order = true;
  EXPECT_TRUE(may_agree()) << "its seams tell";
}

TEST_F(full_pass_test, a_run_that_leaves_parents_out_does_not_agree_to_a_pass_of_their_children) {
  declare_dependency(1), declare_dependency(2);
  read_by_date(0);
  plan.streams[0].paginator.strategy = no_paging{};
  std::vector<full_pass_row> earned{sound(1, {{100}, {101}}), sound(2, {{100}, {101}, {102}})};
  std::vector<stream_id> asked;
  for (const auto& pass : plan_passes(mined(), plan_with(earned), run_kind::scheduled))
    asked.push_back(pass.stream);
  EXPECT_EQ(asked, (std::vector<stream_id>{{100}, {103}}));
}

TEST_F(full_pass_test, a_parent_that_may_end_early_is_read_whole_until_its_children_are_known) {
  plan.streams[0].lode.is_newest_first = true;
  EXPECT_TRUE(plan_with({}).is_whole[0]) << "something new may be below a record that did not change";
  declare_dependency(1);
  streams[2] = {}; // nobody mines likes
  EXPECT_TRUE(are_full_passes_wanted(mined()));
  EXPECT_TRUE(plan_with({}).is_whole[0]) << "what was below earlier records is not known yet";
  auto known = sound(1, {streams[0], streams[1]});
  EXPECT_FALSE(plan_with({known}).is_whole[0]);
  known.is_sound = false;
  EXPECT_TRUE(plan_with({known}).is_whole[0]) << "a run left something below it unread";
}

TEST_F(full_pass_test, a_run_that_may_end_early_does_not_agree_to_what_a_full_pass_did_not_see) {
  auto& users = plan.streams[3];
  users.lode.is_newest_first = true;
  auto passes_of_users = [&](run_kind kind) {
    auto passes = plan_passes(mined(), plan_with({}, kind), kind);
    return std::count_if(passes.begin(), passes.end(), [&](const auto& pass) { return pass.stream == streams[3]; });
  };
  EXPECT_EQ(passes_of_users(run_kind::scheduled), 0);
  EXPECT_EQ(passes_of_users(run_kind::full), 1);
  auto pass = plan_passes(mined(), plan_with({}, run_kind::full), run_kind::full).back();
  EXPECT_TRUE(pass.is_patient) << "an edit moves a record past the reader";
  EXPECT_EQ(pass.settles, users.lode.settle_time);
  users.lode.full_pass_every = 168h;
  EXPECT_EQ(passes_of_users(run_kind::scheduled), 1) << "it is due, and reads all";
}
