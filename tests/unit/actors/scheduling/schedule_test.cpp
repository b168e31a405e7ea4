#include "actors/scheduling/schedule.hpp"

#include <gtest/gtest.h>

namespace lode {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1} + 12h};
constexpr uint64_t all_bits = ~uint64_t{0};

schedule parse(const char* text) {
  auto result = parse_schedule(text);
  EXPECT_TRUE(result) << message_of(result.error());
  return *result;
}

TEST(schedule_test, a_new_connection_with_an_interval_is_due_at_once) {
  EXPECT_EQ(first_due(parse(R"({"every":"15m"})"), noon, 0), noon);
}

TEST(schedule_test, a_new_connection_with_cron_waits_for_its_time) {
  EXPECT_EQ(first_due(parse(R"({"cron":"30 15 * * *","time_zone":"Europe/Berlin"})"), noon, 0), noon + 90min);
}

TEST(schedule_test, a_manual_schedule_is_never_due) {
  auto manual = parse(R"({"manual":true})");
  EXPECT_EQ(first_due(manual, noon, 0), std::nullopt);
  EXPECT_EQ(next_due(manual, noon, noon, 0), std::nullopt);
  EXPECT_EQ(effective_due(manual, noon, noon + 24h, 0), noon);
}

TEST(schedule_test, an_interval_goes_on_from_the_last_due_time_not_from_the_end_of_the_run) {
  EXPECT_EQ(next_due(parse(R"({"every":"15m"})"), noon, noon + 4min, 0), noon + 15min);
}

TEST(schedule_test, a_policy_that_throws_or_goes_back_in_time_is_asked_again_an_hour_later) {
  struct broken final : schedule_policy {
    explicit broken(bool throws) : throws(throws) {}
    std::optional<instant> first(instant made) const override { return next(made, made); }
    std::optional<instant> next(instant last, instant) const override { return throws ? throw std::out_of_range{"zone"} : last; }
    bool throws;
  };
  const instant now{std::chrono::hours{1000}};
  for (bool throws : {true, false}) {
    schedule mine;
    mine.policy = std::make_shared<const broken>(throws);
    EXPECT_EQ(next_due(mine, now, now, 0), now + retry_of_a_broken_policy) << throws;
    EXPECT_EQ(effective_due(mine, now, now, 0), now) << throws;
    EXPECT_GE(first_due(mine, now, 0), now) << throws;
  }
}

TEST(schedule_test, a_clock_that_was_set_back_moves_nothing) {
  EXPECT_EQ(next_due(parse(R"({"every":"15m"})"), noon, noon - 24h, 0), noon + 15min);
}

TEST(schedule_test, jitter_is_a_share_of_its_bound_that_the_argument_alone_decides) {
  auto spread = parse(R"({"every":"15m","jitter":"2m"})");
  EXPECT_EQ(next_due(spread, noon, noon, 0), noon + 15min);
  EXPECT_EQ(next_due(spread, noon, noon, uint64_t{1} << 63), noon + 16min);
  EXPECT_EQ(next_due(spread, noon, noon, uint64_t{1} << 63), noon + 16min);
  auto last = *next_due(spread, noon, noon, all_bits);
  EXPECT_LT(last, noon + 17min);
  EXPECT_GT(last, noon + 17min - 10ms);
}

TEST(schedule_test, the_longest_jitter_does_not_overflow) {
  auto spread = parse(R"({"every":"366d","jitter":"366d"})");
  EXPECT_LT(*first_due(spread, noon, all_bits), noon + 366 * 24h);
  EXPECT_GT(*first_due(spread, noon, all_bits), noon + 365 * 24h);
}

TEST(schedule_test, any_number_of_missed_runs_is_one_run_at_once_and_none_after_it) {
  EXPECT_EQ(effective_due(parse(R"({"every":"15m"})"), noon, noon + 3h, 0), noon) << "late, so at once";
  EXPECT_EQ(next_due(parse(R"({"every":"15m"})"), noon, noon + 3h, 0), noon + 195min);
  EXPECT_EQ(next_due(parse(R"({"cron":"0 * * * *"})"), noon, noon + 200min, 0), noon + 4h);
}

TEST(schedule_test, missed_runs_are_skipped_on_the_grid_where_the_owner_says_so) {
  EXPECT_EQ(next_due(parse(R"({"every":"15m","missed":"skip"})"), noon, noon + 31min, 0), noon + 45min);
  EXPECT_EQ(next_due(parse(R"({"every":"15m","missed":"skip"})"), noon, noon + 30min, 0), noon + 45min);
  EXPECT_EQ(next_due(parse(R"({"cron":"0 * * * *","missed":"skip"})"), noon, noon + 200min, 0), noon + 4h);
}

TEST(schedule_test, a_stored_due_time_that_was_missed_is_run_or_skipped) {
  EXPECT_EQ(effective_due(parse(R"({"every":"15m"})"), noon, noon + 3h, 0), noon);
  EXPECT_EQ(effective_due(parse(R"({"every":"15m","missed":"skip"})"), noon, noon + 3h, 0), noon + 195min);
}

TEST(schedule_test, a_due_time_that_is_merely_late_is_not_missed) {
  EXPECT_EQ(effective_due(parse(R"({"every":"15m","missed":"skip"})"), noon, noon + 14min, 0), noon);
}

TEST(schedule_test, feedback_moves_the_interval_within_the_owners_bounds) {
  auto bounded = parse(R"({"every":"15m","feedback":{"min":"5m","max":"1h"}})");
  EXPECT_EQ(adjust(bounded, 15min, {0.51}), 7min + 30s);
  EXPECT_EQ(adjust(bounded, 7min, {1.0}), 5min);
  EXPECT_EQ(adjust(bounded, 15min, {0.5}), 15min);
  EXPECT_EQ(adjust(bounded, 15min, {0.01}), 15min);
  EXPECT_EQ(adjust(bounded, 15min, {0.0}), 30min);
  EXPECT_EQ(adjust(bounded, 40min, {0.0}), 1h);
  EXPECT_EQ(adjust(bounded, 24h, {0.3}), 1h);
}

TEST(schedule_test, a_gap_that_is_owed_shortens_the_interval_and_a_scarce_quota_lengthens_it_whatever_changed) {
  auto bounded = parse(R"({"every":"16m","feedback":{"min":"5m","max":"1h"}})");
  EXPECT_EQ(adjust(bounded, 16min, {0.0, true}), 8min);
  EXPECT_EQ(adjust(bounded, 16min, {0.3, true}), 8min);
  EXPECT_EQ(adjust(bounded, 16min, {1.0, true, 0.09}), 32min);
  EXPECT_EQ(adjust(bounded, 16min, {1.0, false, 0.1}), 8min);
  EXPECT_EQ(adjust(bounded, 8min, {0.0, true, 1.0}), 5min);
}

TEST(schedule_test, the_interval_in_force_is_what_feedback_arrived_at_for_this_schedule) {
  auto bounded = parse(R"({"every":"15m","feedback":{"min":"5m","max":"1h"}})");
  EXPECT_EQ(current_interval(bounded, {}), 15min);
  EXPECT_EQ(current_interval(bounded, run_pace{15min, 40min}), 40min);
  EXPECT_EQ(current_interval(bounded, run_pace{20min, 40min}), 15min) << "the owner has changed it since";
  EXPECT_EQ(current_interval(bounded, run_pace{15min, 3h}), 1h) << "the owner has narrowed the bounds";
  EXPECT_EQ(current_interval(parse(R"({"every":"15m"})"), run_pace{15min, 40min}), 15min);
}

TEST(schedule_test, without_bounds_feedback_moves_nothing) {
  EXPECT_EQ(adjust(parse(R"({"every":"15m"})"), 15min, {1.0}), 15min);
}

TEST(schedule_test, an_adjusted_interval_takes_the_place_of_the_configured_one) {
  auto adjusted = with_interval(parse(R"({"every":"15m"})"), 30min);
  EXPECT_EQ(next_due(adjusted, noon, noon, 0), noon + 30min);
  auto cron = with_interval(parse(R"({"cron":"0 * * * *"})"), 30min);
  EXPECT_EQ(next_due(cron, noon, noon, 0), noon + 1h);
}

} // namespace
} // namespace lode
