#include "runtime/storage/completeness.hpp"

#include <gmock/gmock.h>

using namespace lode;

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto closed = continuation_phase::closed;
constexpr auto failed = continuation_phase::failed;

instant day(int n) {
  return instant{std::chrono::days{20'000 + n}};
}

/// A slice of run `run`, which began at day 100 + run. Runs that left something are incomplete.
read_slice dated(int64_t run, int from, int to, continuation_phase phase = closed, const std::string& reason = "") {
  read_slice out;
  out.run = {run};
  out.run_ended = phase == continuation_phase::open ? run_phase::open : phase == closed ? run_phase::finished : run_phase::incomplete;
  out.run_began = day(100 + static_cast<int>(run));
  out.slice = {day(from), day(to)};
  out.phase = phase;
  out.reason = reason;
  return out;
}

read_slice whole(int64_t run, continuation_phase phase = closed, const std::string& reason = "") {
  auto out = dated(run, 0, 0, phase, reason);
  out.slice = {};
  return out;
}

read_slice in(const std::string& partition, read_slice slice) {
  slice.partition = partition;
  return slice;
}

read_slice losing(int64_t dead, read_slice slice) {
  slice.dead = dead;
  return slice;
}

partition_anchor anchor(const std::string& partition, int known_until) {
  return {{1}, partition, {0, day(known_until), 0, ""}, {1}};
}

/// An answer as words: "PARTITION FROM-TO REASON", days counted as above.
std::vector<std::string> words(const completeness& found) {
  constexpr std::array names{"not_read", "run_open", "failed", "shifted", "cancelled", "dead_records", "not_heard"};
  auto text = [](instant at) { return std::to_string((at - day(0)) / std::chrono::days{1}); };
  std::vector<std::string> out;
  for (const auto& each : found.owed)
    out.push_back(each.partition + " " + (each.from ? text(*each.from) : "start") + "-" + text(each.to) + " "
                  + names.at(static_cast<size_t>(each.why)));
  return out;
}

std::vector<std::string> owed(const stream_reading& reading, std::optional<int> from, int to) {
  return words(judge_completeness(reading, from ? std::optional{day(*from)} : std::nullopt, day(to)));
}

} // namespace

TEST(completeness, of_a_stream_that_was_never_read_owes_all) {
  EXPECT_THAT(owed({}, 0, 10), ElementsAre(" 0-10 not_read"));
  EXPECT_THAT(owed({}, std::nullopt, 10), ElementsAre(" start-10 not_read"));
}

TEST(completeness, of_a_span_that_is_closed_is_given_whatever_failed_in_it_before) {
  stream_reading reading{{{"", {day(0), day(10)}}}, {}, {dated(2, 0, 10, failed, "later")}, false};
  EXPECT_TRUE(judge_completeness(reading, day(2), day(9)).is_complete());
  EXPECT_TRUE(judge_completeness(reading, std::nullopt, day(10)).is_complete());
}

TEST(completeness, names_each_gap_with_what_became_of_its_latest_slice) {
  stream_reading reading{{{"", {day(0), day(2)}}, {"", {day(8), day(10)}}},
                         {},
                         {dated(3, 2, 3, continuation_phase::open), dated(2, 2, 4, failed, "500"), dated(2, 4, 6, failed, "x: rows kept shifting while"),
                          dated(1, 6, 7, continuation_phase::cancelled, "by hand"), dated(1, 4, 6, failed, "404")},
                         false};
  EXPECT_THAT(owed(reading, 0, 12), ElementsAre(" 2-3 run_open", " 3-4 failed", " 4-6 shifted", " 6-7 cancelled", " 7-8 not_read",
                                                " 10-12 not_read"));
  EXPECT_EQ(judge_completeness(reading, day(3), day(4)).owed.at(0).detail, "500");
  EXPECT_EQ(judge_completeness(reading, day(3), day(4)).owed.at(0).run, run_id{2});
}

TEST(completeness, tells_only_of_the_span_that_is_asked_for) {
  stream_reading reading{{{"", {day(5), day(6)}}}, {}, {}, false};
  EXPECT_THAT(owed(reading, 0, 5), ElementsAre(" 0-5 not_read"));
  EXPECT_THAT(owed(reading, std::nullopt, 6), IsEmpty()) << "its reading began at 5";
  EXPECT_THAT(owed(reading, 4, 7), ElementsAre(" 4-5 not_read", " 6-7 not_read"));
}

TEST(completeness, of_a_stream_that_was_read_whole_before_it_had_dates_begins_where_its_dates_begin) {
  stream_reading reading{{{"", {day(5), day(9)}}}, {}, {dated(2, 5, 9), whole(1)}, false};
  EXPECT_THAT(owed(reading, std::nullopt, 9), IsEmpty());
  EXPECT_THAT(owed(reading, 4, 10), ElementsAre(" 4-5 not_read", " 9-10 not_read"));
}

TEST(completeness, is_judged_per_partition) {
  stream_reading reading{{{"a", {day(0), day(9)}}}, {}, {in("b", dated(1, 0, 9, failed, "403"))}, false};
  EXPECT_THAT(owed(reading, 0, 9), ElementsAre("b 0-9 failed"));
}

TEST(completeness, of_slices_in_which_records_died_is_owed_until_they_were_read_without_losing_any) {
  stream_reading reading{{{"", {day(0), day(9)}}}, {}, {losing(2, dated(1, 0, 9))}, false};
  EXPECT_THAT(owed(reading, 0, 20), ElementsAre(" 0-9 dead_records", " 9-20 not_read"));
  EXPECT_EQ(judge_completeness(reading, day(0), day(9)).owed.at(0).detail, "2 records of run 1 could not be used");
  reading.slices.insert(reading.slices.begin(), dated(2, 4, 9));
  EXPECT_THAT(owed(reading, 0, 9), ElementsAre(" 0-4 dead_records"));
}

TEST(completeness, of_a_stream_without_dates_is_all_or_nothing_as_of_the_last_run_that_read_it_whole) {
  stream_reading reading{{}, {}, {whole(3, failed, "500"), whole(2), whole(1)}, false};
  EXPECT_THAT(owed(reading, 0, 102), IsEmpty());
  EXPECT_EQ(judge_completeness(reading, day(0), day(102)).read_until, day(102));
  EXPECT_THAT(owed(reading, 0, 105), ElementsAre(" 102-105 failed"));
  reading.slices = {whole(1, failed, "500")};
  EXPECT_THAT(owed(reading, std::nullopt, 50), ElementsAre(" start-50 failed"));
}

TEST(completeness, of_sub_streams_needs_a_run_that_read_the_parents_too) {
  stream_reading reading{{}, {}, {in("a", whole(2)), in("b", whole(2)), in("a", whole(1))}, false};
  EXPECT_THAT(owed(reading, 0, 102), IsEmpty());
  reading.slices[0].run_ended = reading.slices[1].run_ended = run_phase::incomplete;
  EXPECT_THAT(owed(reading, 0, 102), ElementsAre(" 101-102 not_read")) << "what was not opened is not listed";
  reading.slices[1].phase = failed;
  EXPECT_THAT(owed(reading, 0, 102), ElementsAre(" 101-102 not_read", "b 101-102 failed"));
}

TEST(completeness, of_a_newest_first_stream_goes_up_to_when_its_top_was_read) {
  stream_reading reading{{}, {anchor("", 107)}, {whole(8, continuation_phase::open), whole(7, closed, "ended early"), whole(1)}, false};
  EXPECT_THAT(owed(reading, 0, 107), IsEmpty());
  EXPECT_THAT(owed(reading, 0, 109), ElementsAre(" 107-109 run_open"));
  EXPECT_EQ(judge_completeness(reading, day(0), day(107)).read_until, day(107));
  reading.anchors.clear();
  EXPECT_THAT(owed(reading, 0, 107), ElementsAre(" 101-107 run_open")) << "an early end alone proves nothing";
}

TEST(completeness, of_newest_first_partitions_is_judged_for_each) {
  stream_reading reading{{}, {anchor("a", 107), anchor("b", 103)}, {in("c", whole(9, failed, "403"))}, false};
  EXPECT_THAT(owed(reading, 0, 107), ElementsAre("b 103-107 not_read", "c 0-107 failed"));
  EXPECT_EQ(judge_completeness(reading, day(0), day(107)).read_until, day(103));
}

TEST(completeness, of_records_that_died_above_an_early_end_is_owed_until_the_next_whole_run) {
  stream_reading reading{{}, {anchor("", 107)}, {whole(7, closed, "ended early"), losing(1, whole(6, closed, "ended early")), whole(1)}, false};
  EXPECT_THAT(owed(reading, 0, 107), ElementsAre(" 0-107 dead_records"));
  reading.slices.insert(reading.slices.begin(), whole(8));
  EXPECT_THAT(owed(reading, 0, 107), IsEmpty());
}

TEST(completeness, of_runs_that_are_forgotten_is_told_by_the_dead_letters_that_they_left) {
  stream_reading reading{{{"", {day(0), day(9)}}}, {}, {}, false, {{{1}, 2, day(101)}}};
  EXPECT_THAT(owed(reading, 0, 9), ElementsAre(" 0-9 dead_records"));
  EXPECT_EQ(judge_completeness(reading, day(0), day(9)).owed.at(0).detail, "2 dead letters of run 1");
  reading.slices = {dated(2, 4, 9)};
  EXPECT_THAT(owed(reading, 0, 9), ElementsAre(" 0-4 dead_records")) << "the rest was read again, without them";
  reading.slices = {losing(2, dated(1, 0, 4)), dated(1, 4, 9)};
  EXPECT_THAT(owed(reading, 4, 9), IsEmpty()) << "its slices say where they died";
  stream_reading undated{{}, {anchor("", 107)}, {whole(7, closed, "ended early")}, false, {{{1}, 1, day(101)}}};
  EXPECT_THAT(owed(undated, 0, 107), ElementsAre(" 0-107 dead_records"));
  undated.slices.push_back(whole(2));
  EXPECT_THAT(owed(undated, 0, 107), IsEmpty());
  undated.died[0].last_seen = day(103);
  EXPECT_THAT(owed(undated, 0, 107), ElementsAre(" 0-107 dead_records"));
}

TEST(completeness, of_a_stream_without_dates_is_not_proved_by_backfills_or_repairs_or_what_was_read_before_a_change) {
  stream_reading reading{{}, {}, {whole(2), whole(1)}, false};
  EXPECT_THAT(owed(reading, 0, 102), IsEmpty());
  reading.slices[0].kind = run_kind::backfill;
  EXPECT_THAT(owed(reading, 0, 102), ElementsAre(" 101-102 not_read"));
  reading.slices[0].kind = run_kind::repair;
  EXPECT_THAT(owed(reading, 0, 102), ElementsAre(" 101-102 not_read"));
  reading.slices[0].kind = run_kind::full;
  reading.slices[0].is_current = reading.slices[1].is_current = false;
  EXPECT_THAT(owed(reading, 0, 102), ElementsAre(" 0-102 not_read"));
}

namespace {

gap_row gap(int from, std::optional<int> until, gap_state state = gap_state::owed) {
  gap_row out;
  out.from = from == 0 ? instant{} : day(from);
  out.until = until ? std::optional{day(*until)} : std::nullopt;
  out.reason = "connection reset";
  out.state = state;
  out.repair = state == gap_state::owed ? run_id{} : run_id{7};
  return out;
}

} // namespace

TEST(completeness, of_what_a_gap_of_live_capture_covers_is_owed_until_its_repair_has_ended) {
  stream_reading reading{{{"", {day(1), day(20)}}}, {}, {}, false};
  EXPECT_THAT(owed(reading, 1, 20), IsEmpty());
  reading.gaps = {gap(4, 6), gap(8, 9, gap_state::repairing), gap(10, 11, gap_state::closed), gap(15, std::nullopt)};
  EXPECT_THAT(owed(reading, 1, 20), ElementsAre(" 4-6 not_heard", " 8-9 not_heard", " 15-20 not_heard"));
  EXPECT_THAT(owed(reading, 5, 8), ElementsAre(" 5-6 not_heard")) << "what lies in the span that is asked for";
  EXPECT_THAT(owed(reading, 6, 8), IsEmpty());
  auto found = judge_completeness(reading, day(8), day(9)).owed.at(0);
  EXPECT_EQ(found.detail, "connection reset, run 7 repairs it");
  EXPECT_EQ(found.run, run_id{7});
}

TEST(completeness, of_a_repaired_gap_nothing_is_owed_but_its_deletes_are_not_verified_before_a_sweep) {
  stream_reading reading{{{"", {day(1), day(20)}}}, {}, {}, false};
  reading.gaps = {gap(4, 6, gap_state::unverified), gap(8, 9, gap_state::unverified), gap(10, 11, gap_state::closed)};
  auto found = judge_completeness(reading, day(5), day(20));
  EXPECT_TRUE(found.is_complete()) << "nothing is missing";
  ASSERT_EQ(found.unverified.size(), 2u);
  EXPECT_EQ(found.unverified[0], (unverified_interval{day(5), day(6), run_id{7}, "connection reset"}));
  EXPECT_THAT(judge_completeness(reading, day(12), day(20)).unverified, IsEmpty());
  reading.gaps[1] = gap(6, 9, gap_state::unverified);
  auto joined = judge_completeness(reading, std::nullopt, day(20)).unverified;
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(joined[0], (unverified_interval{day(4), day(9), run_id{7}, "connection reset"}));
}

TEST(completeness, of_a_stream_that_nobody_listened_to_before_is_owed_from_the_beginning) {
  stream_reading reading{{}, {}, {whole(2)}, false};
  reading.gaps = {gap(0, 50)};
  EXPECT_THAT(owed(reading, std::nullopt, 102), ElementsAre(" start-50 not_heard"));
  EXPECT_THAT(owed(reading, 10, 102), ElementsAre(" 10-50 not_heard"));
}

TEST(completeness, is_not_claimed_when_not_all_was_looked_at) {
  stream_reading reading{{{"", {day(0), day(10)}}}, {}, {}, true};
  EXPECT_FALSE(judge_completeness(reading, day(0), day(10)).is_complete());
  reading = {};
  reading.slices.push_back(in("p", dated(1, 0, 1, failed)));
  for (int i = 1; i < 2'100; ++i)
    reading.slices.push_back(dated(1, 2 * i, 2 * i + 1, failed, std::to_string(i)));
  auto found = judge_completeness(reading, std::nullopt, day(5'000));
  EXPECT_EQ(found.owed.size(), most_owed);
  EXPECT_TRUE(found.is_cut);
}
