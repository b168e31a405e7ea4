#include "runtime/node/history_log.hpp"

#include <gtest/gtest.h>

#include "runtime/node/actor_census.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;

struct cluster_counter_test : testing::Test {
  instant now{std::chrono::hours{1'000}};
  cluster_counter counter;

  node_report report(int64_t self, uint64_t records, std::chrono::seconds uptime = 1h) {
    node_report out;
    out.status.self = incarnation{self};
    out.status.records = records;
    out.status.updated = records / 10;
    out.status.calls = records / 100;
    out.status.memory_bytes = 1'000;
    out.status.uptime = uptime;
    return out;
  }
  std::optional<cluster_sums> count(const std::vector<node_report>& heard, const std::vector<incarnation>& wanted) {
    return counter.count(heard, wanted, now += 15s);
  }
};

TEST_F(cluster_counter_test, differences_are_summed_and_the_first_survey_knows_none) {
  EXPECT_FALSE(count({report(1, 1'000), report(2, 500)}, {incarnation{1}, incarnation{2}}));
  auto sums = count({report(1, 4'000), report(2, 2'000)}, {incarnation{1}, incarnation{2}});
  ASSERT_TRUE(sums);
  EXPECT_EQ(sums->records, 4'500);
  EXPECT_EQ(sums->memory, 2'000);
  auto step = step_of(*sums, 15);
  EXPECT_EQ(step.records, 300);
  EXPECT_NEAR(*step.changed_share, 0.1, 0.001);
  EXPECT_EQ(step.calls, 3);
}

TEST_F(cluster_counter_test, a_step_with_a_silent_node_is_not_known_and_the_next_one_neither) {
  count({report(1, 1'000), report(2, 500)}, {incarnation{1}, incarnation{2}});
  EXPECT_FALSE(count({report(1, 2'000)}, {incarnation{1}, incarnation{2}}));
  EXPECT_FALSE(count({report(1, 3'000), report(2, 5'000)}, {incarnation{1}, incarnation{2}})) << "what it did in two steps is not of one";
  EXPECT_EQ(count({report(1, 4'000), report(2, 6'000)}, {incarnation{1}, incarnation{2}})->records, 2'000);
}

TEST_F(cluster_counter_test, one_that_has_just_started_counts_from_nothing) {
  count({report(1, 1'000)}, {incarnation{1}});
  EXPECT_EQ(count({report(1, 1'500), report(2, 70, 5s)}, {incarnation{1}, incarnation{2}})->records, 570);
}

TEST_F(cluster_counter_test, a_node_that_is_gone_is_not_waited_for) {
  count({report(1, 1'000), report(2, 500)}, {incarnation{1}, incarnation{2}});
  EXPECT_EQ(count({report(1, 1'100)}, {incarnation{1}})->records, 100);
}

TEST(history_log, steps_stand_by_the_clock_and_what_is_missing_is_nothing) {
  history_log log;
  const instant noon{std::chrono::hours{12'000}};
  history_step step;
  step.records = 10;
  log.put(noon - 15s, step);
  step.records = 30;
  log.put(noon + 15s, step);
  auto table = log.look(noon + 20s, 60s, 15s);
  EXPECT_EQ(table.from, noon - 45s);
  ASSERT_EQ(table.steps.size(), 4u);
  EXPECT_FALSE(table.steps[0].records);
  EXPECT_EQ(table.steps[1].records, 10);
  EXPECT_FALSE(table.steps[2].records);
  EXPECT_EQ(table.steps[3].records, 30);
  EXPECT_FALSE(table.steps[3].queue);
}

TEST(history_log, coarser_steps_are_averages_of_what_is_known) {
  history_log log;
  const instant noon{std::chrono::hours{12'000}};
  for (int i = 1; i <= 4; ++i) {
    history_step step;
    step.records = i * 10;
    if (i == 2)
      step.queue = 7;
    log.put(noon + i * 15s, step);
  }
  auto table = log.look(noon + 70s, 60s, 60s);
  ASSERT_EQ(table.steps.size(), 1u);
  EXPECT_EQ(table.from, noon);
  EXPECT_EQ(table.steps[0].records, 25);
  EXPECT_EQ(table.steps[0].queue, 7);
}

TEST(history_log, an_hour_is_kept) {
  history_log log;
  const instant noon{std::chrono::hours{12'000}};
  for (int i = 0; i < 300; ++i) {
    history_step step;
    step.memory = i;
    log.put(noon + i * 15s, step);
  }
  auto table = log.look(noon + 299 * 15s, 3'600s, 15s);
  ASSERT_EQ(table.steps.size(), 240u);
  EXPECT_EQ(table.steps.front().memory, 60);
  EXPECT_EQ(table.steps.back().memory, 299);
}

TEST(actor_census, who_works_for_tenants_and_who_is_shared_is_counted) {
  activity_board board;
  auto one = board.enter({worker::miner, tenant_id{1}, connection_id{10}});
  auto two = board.enter({worker::miner, tenant_id{1}, connection_id{10}});
  board.restarted(worker::miner);
  actor_census census;
  census.restarted("lode.page-writer");
  std::vector<actor_figures> figures{{"lode.processor", 5, 10, 0.5}, {"lode.miner", 3, 7, 0.1}};
  census.complete(figures, board);
  ASSERT_EQ(figures.size(), 3u);
  EXPECT_EQ(figures[0].name, "lode.miner");
  EXPECT_EQ(figures[0].running, 2);
  EXPECT_EQ(figures[0].restarts, 1);
  EXPECT_EQ(figures[0].parent, "lode.tenant-supervisor");
  EXPECT_EQ(figures[0].mailbox, 3);
  EXPECT_EQ(figures[1].name, "lode.page-writer");
  EXPECT_EQ(figures[1].restarts, 1);
  EXPECT_EQ(figures[1].parent, "");
}

TEST(actor_census, miners_of_other_kinds_stand_beside_those_of_manifests) {
  activity_board board;
  auto one = board.enter({.who = worker::miner, .tenant = tenant_id{1}, .kind = "soap"});
  board.restarted(worker::miner, "soap");
  std::vector<actor_figures> figures{{"lode.miner.soap", 3, 7, 0.1}};
  actor_census{}.complete(figures, board);
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].running, 1);
  EXPECT_EQ(figures[0].restarts, 1);
  EXPECT_EQ(figures[0].parent, "lode.tenant-supervisor");
}

} // namespace
} // namespace lode
