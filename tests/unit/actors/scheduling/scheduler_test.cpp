#include "actors/scheduling/scheduler.hpp"

#include "actors/extraction/connection_context.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/storage/shard_hash.hpp"
#include "tests/support/stub_actor.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// A scheduler over a store and a region that the test plays. A connection that began is no longer due.
struct scheduler_test : stub_test {
  std::vector<due_connection> due;
  std::vector<open_run> open;
  std::vector<int64_t> begun;
  std::vector<int64_t> resumed;
  std::vector<int64_t> suspended;
  std::vector<adjust_pace> paced;
  bool is_store_away = false;
  size_t asked = 0;

  timers_actor service = spawn<timers>();
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](const load_due& ask) -> caf::result<due_loaded> {
      ++asked;
      if (is_store_away)
        return caf::make_error(errc::store_unavailable);
      due_loaded result;
      for (const auto& each : due)
        if (result.connections.size() < ask.limit)
          result.connections.push_back(each);
      return result;
    },
    [this](const load_open_runs& ask) -> caf::result<open_runs_loaded> {
      if (is_store_away)
        return caf::make_error(errc::store_unavailable);
      open_runs_loaded result;
      for (const auto& each : open)
        if (each.tenant == ask.tenant.value_or(each.tenant)
            && (ask.shards.empty() || std::ranges::find(ask.shards, each.shard) != ask.shards.end()))
          result.runs.push_back(each);
      return result;
    },
    [this](const suspend_connection& ask) { suspended.push_back(ask.connection.value); },
    [this](const adjust_pace& ask) { paced.push_back(ask); });
  shard_region_actor region = spawn_fake<shard_region_actor>(
    [this](tenant_command& msg) {
      if (auto* command = std::get_if<begin_run>(&msg.command))
        begun.push_back(command->connection.value);
      if (auto* command = std::get_if<resume_run>(&msg.command))
        resumed.push_back(command->run.run.value);
    },
    [](const tenant_idle&) {}, [](const deliver_command&) {}, [](const shards_gained&) {}, [](const vacate_shards&) {},
    [](const shards_lost&) {}, [](timer_fired) {});
  scheduler_actor scheduling;

  void begin(scheduler_settings settings = {}) {
    scheduling = spawn<lode::scheduler>(service, keeper, region, settings, [] { return instant{}; }, [](int64_t) {});
    // As a node that owns them all.
    shards_gained all{{{shard_id{1}, {1}}}};
    for (int64_t id = 1; id <= 100; ++id)
      all.claims.push_back({shard_of(tenant_id{id}), {1}});
    caf::anon_send(scheduling, all);
    run();
  }

  static open_run open_run_of(int64_t id) {
    return {run_id{id}, tenant_id{id}, connection_id{id}, shard_of(tenant_id{id}), run_kind::scheduled, 0};
  }

  void make_due(int64_t count) {
    for (int64_t id = 1; id <= count; ++id)
      due.push_back({connection_id{id}, tenant_id{id}, shard_id{1}, instant{}, run_kind::scheduled});
  }
};

} // namespace

TEST_F(scheduler_test, what_is_due_starts_at_a_steady_rate_and_each_connection_once) {
  make_due(100);
  begin({200ms, 50, 1000, 1000, {}});
  EXPECT_EQ(begun.size(), 10u);
  advance(1s);
  EXPECT_LE(begun.size(), 70u);
  advance(10s);
  std::sort(begun.begin(), begun.end());
  EXPECT_EQ(begun.size(), 100u);
  EXPECT_EQ(std::unique(begun.begin(), begun.end()), begun.end());
}

TEST_F(scheduler_test, runs_start_no_faster_than_told_however_often_it_is_woken) {
  make_due(100);
  begin({200ms, 2, 1000, 1000, {}});
  for (int times = 0; times < 50; ++times)
    caf::anon_send(scheduling, wake{});
  advance(10s);
  EXPECT_LE(begun.size(), 21u);
  EXPECT_GE(begun.size(), 19u);
}

TEST_F(scheduler_test, open_runs_of_the_last_life_go_on_at_a_rate_of_their_own) {
  for (int64_t id = 1; id <= 100; ++id)
    open.push_back({run_id{id}, tenant_id{id}, connection_id{id}, shard_id{1}, run_kind::scheduled, 0});
  begin({200ms, 1000, 10, 1000, {}});
  EXPECT_EQ(resumed, (std::vector<int64_t>{100, 99}));
  advance(5s);
  EXPECT_LE(resumed.size(), 52u);
  EXPECT_GE(resumed.size(), 48u);
}

TEST_F(scheduler_test, runs_of_the_last_life_are_resumed_before_anything_new_latest_first) {
  open = {{run_id{5}, tenant_id{1}, connection_id{1}, shard_id{1}, run_kind::scheduled, 0},
          {run_id{9}, tenant_id{2}, connection_id{2}, shard_id{1}, run_kind::scheduled, 0}};
  begin();
  EXPECT_EQ(resumed, (std::vector<int64_t>{9, 5}));
}

TEST_F(scheduler_test, a_store_that_is_away_at_the_start_is_asked_again_until_it_answers) {
  is_store_away = true;
  open = {{run_id{5}, tenant_id{1}, connection_id{1}, shard_id{1}, run_kind::scheduled, 0}};
  begin();
  advance(2s);
  EXPECT_TRUE(resumed.empty());
  EXPECT_EQ(asked, 0u) << "nothing new starts before the open runs are known";
  is_store_away = false;
  advance(1s);
  EXPECT_EQ(resumed.size(), 1u);
}

TEST_F(scheduler_test, no_more_runs_are_open_than_the_bound_allows) {
  make_due(20);
  begin({200ms, 100, 1000, 5, {}});
  advance(5s);
  EXPECT_EQ(begun.size(), 5u);
  due.erase(due.begin());
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{1}, tenant_id{1}});
  advance(1s);
  EXPECT_EQ(begun.size(), 5u);
  caf::anon_send(scheduling, run_finished{connection_id{1}, run_id{1}, run_kind::scheduled, true, run_phase::finished, {}});
  advance(1s);
  EXPECT_EQ(begun.size(), 6u);
}

TEST_F(scheduler_test, a_connection_whose_start_failed_may_be_started_again) {
  make_due(1);
  begin();
  caf::anon_send(scheduling, run_finished{connection_id{1}, {}, run_kind::scheduled, false, run_phase::incomplete, "x"});
  advance(1s);
  EXPECT_GE(begun.size(), 2u);
}

TEST_F(scheduler_test, what_a_lost_tenant_was_starting_or_running_is_started_and_resumed_again) {
  make_due(2);
  begin();
  ASSERT_EQ(begun.size(), 2u);
  due.erase(due.begin());
  open = {{run_id{1}, tenant_id{1}, connection_id{1}, shard_id{1}, run_kind::scheduled, 0},
          {run_id{9}, tenant_id{9}, connection_id{9}, shard_id{1}, run_kind::scheduled, 0}};
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{1}, tenant_id{1}});
  caf::anon_send(scheduling, tenant_lost{tenant_id{1}, "a defect"});
  caf::anon_send(scheduling, tenant_lost{tenant_id{2}, "a defect"});
  advance(2s);
  EXPECT_EQ(begun, (std::vector<int64_t>{1, 2, 2})) << "tenant 2 had been told to begin and was not heard of";
  EXPECT_EQ(resumed, std::vector<int64_t>{1}) << "nobody else's";
}

TEST_F(scheduler_test, lost_runs_do_not_count_as_open_for_ever) {
  make_due(3);
  begin({200ms, 100, 1000, 1, {}});
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{1}, tenant_id{1}});
  due.erase(due.begin());
  advance(1s);
  EXPECT_EQ(begun.size(), 1u);
  caf::anon_send(scheduling, tenant_lost{tenant_id{1}, "a defect"});
  advance(1s);
  EXPECT_EQ(begun.size(), 2u);
}

TEST_F(scheduler_test, a_tenant_that_is_lost_again_and_again_is_suspended_with_what_it_was_running) {
  scheduler_settings settings;
  settings.tenants = {2, 1min, 100ms, 1s};
  open = {{run_id{1}, tenant_id{1}, connection_id{7}, shard_id{1}, run_kind::scheduled, 0}};
  begin(settings);
  for (int i = 0; i < 3; ++i) {
    caf::anon_send(scheduling, run_begun{connection_id{7}, run_id{1}, tenant_id{1}});
    caf::anon_send(scheduling, tenant_lost{tenant_id{1}, "a defect"});
    advance(1s);
  }
  EXPECT_EQ(suspended, std::vector<int64_t>{7});
  EXPECT_EQ(resumed, (std::vector<int64_t>{1, 1, 1})) << "at the start and after the first two losses";
}

TEST_F(scheduler_test, the_end_of_a_scheduled_run_is_fed_back_with_the_quota_that_is_left) {
  begin();
  auto mined = std::make_shared<const connection_context>();
  auto finish = [&](run_kind kind, run_phase phase, connection_pointer context) {
    caf::anon_send(scheduling, run_finished{connection_id{1}, run_id{4}, kind, true, phase, {}, std::move(context), 0.5});
    run();
  };
  finish(run_kind::manual, run_phase::finished, mined);
  finish(run_kind::scheduled, run_phase::cancelled, mined);
  finish(run_kind::scheduled, run_phase::finished, nullptr);
  EXPECT_TRUE(paced.empty()) << "they say nothing about the schedule";
  finish(run_kind::scheduled, run_phase::incomplete, mined);
  ASSERT_EQ(paced.size(), 1u);
  EXPECT_EQ(paced[0].run, run_id{4});
  EXPECT_EQ(paced[0].quota_left, 0.5);
}

TEST_F(scheduler_test, open_runs_of_a_shard_that_is_gained_go_on_and_nobody_elses) {
  begin();
  caf::anon_send(scheduling, shards_leaving{{shard_of(tenant_id{1}), shard_of(tenant_id{2})}});
  run();
  open = {open_run_of(1), open_run_of(2), open_run_of(3)};
  caf::anon_send(scheduling, shards_gained{{{shard_of(tenant_id{2}), {5}}}});
  advance(1s);
  EXPECT_EQ(resumed, std::vector<int64_t>{2});
}

TEST_F(scheduler_test, what_is_known_of_a_shard_that_leaves_is_forgotten) {
  due = {{connection_id{1}, tenant_id{1}, shard_of(tenant_id{1}), instant{}, run_kind::scheduled},
         {connection_id{2}, tenant_id{2}, shard_of(tenant_id{2}), instant{}, run_kind::scheduled}};
  begin({200ms, 100, 1000, 2, {}});
  ASSERT_EQ(begun.size(), 2u);
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{1}, tenant_id{1}});
  caf::anon_send(scheduling, shards_leaving{{shard_of(tenant_id{1})}});
  // Its supervisor may say so late.
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{8}, tenant_id{1}});
  due = {{connection_id{3}, tenant_id{3}, shard_of(tenant_id{3}), instant{}, run_kind::scheduled}};
  advance(1s);
  EXPECT_EQ(begun, (std::vector<int64_t>{1, 2, 3})) << "tenant 1 takes no place among the runs that may be open";
}

TEST_F(scheduler_test, an_open_run_that_nobody_runs_is_found_and_resumed) {
  begin();
  open = {open_run_of(1), open_run_of(2)};
  caf::anon_send(scheduling, run_begun{connection_id{1}, run_id{1}, tenant_id{1}});
  advance(30s);
  EXPECT_TRUE(resumed.empty());
  advance(31s);
  EXPECT_EQ(resumed, std::vector<int64_t>{2});
  advance(61s);
  EXPECT_EQ(resumed, (std::vector<int64_t>{2, 2})) << "it was not heard of since";
}
