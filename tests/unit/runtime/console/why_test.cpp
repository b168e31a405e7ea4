#include <gmock/gmock.h>

#include "runtime/console/problems.hpp"
#include "runtime/console/why.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const instant now{std::chrono::days{20'000}};

standing_row waiting(wait_reason reason, const std::string& detail = "") {
  standing_row out{{7}, "acme", {5}, "n1", {9}, "main", "shop"};
  out.reason = reason;
  out.since = now - 192min;
  out.detail = detail;
  return out;
}

std::string text_of(const standing_row& row) { return why_of(row, now).text; }
std::string help_of(const standing_row& row) { return why_of(row, now).help; }

TEST(span_words_test, two_units_at_most) {
  EXPECT_EQ(span_words(-5s), "0 s");
  EXPECT_EQ(span_words(45s), "45 s");
  EXPECT_EQ(span_words(60s), "1 min");
  EXPECT_EQ(span_words(192min + 30s), "3 h 12 min");
  EXPECT_EQ(span_words(50h), "2 d 2 h");
}

TEST(why_test, nothing_keeps_it) {
  auto row = waiting(wait_reason::none);
  row.due = now + 12min;
  EXPECT_EQ(text_of(row), "It is up to date and runs again in 12 min.");
  EXPECT_EQ(help_of(row), "");
  row.records_per_second = 41.5;
  EXPECT_THAT(text_of(row), HasSubstr("41 records a second"));
  row.records_per_second = 0;
  row.due = now - 2s;
  EXPECT_EQ(text_of(row), "Its run is due.");
  row.due = {};
  EXPECT_THAT(help_of(row), HasSubstr("lode run trigger acme main"));
  row.connection = {};
  EXPECT_THAT(text_of(row), HasSubstr("no connection"));
}

TEST(why_test, it_waits_for_its_turn) {
  EXPECT_THAT(text_of(waiting(wait_reason::queued)), AllOf(HasSubstr("due for 3 h 12 min"), HasSubstr("its turn")));
  EXPECT_THAT(help_of(waiting(wait_reason::queued)), HasSubstr("more nodes"));
}

TEST(why_test, it_waits_for_a_limit) {
  auto row = waiting(wait_reason::quota, "50 a minute");
  row.until = now + 40s;
  EXPECT_THAT(text_of(row), AllOf(HasSubstr("50 a minute"), HasSubstr("in 40 s"), HasSubstr("for 3 h 12 min")));
  row.until = now - 1s;
  EXPECT_THAT(text_of(row), Not(HasSubstr("goes out")));
}

TEST(why_test, the_store_is_slow) {
  EXPECT_THAT(text_of(waiting(wait_reason::store_slow)), HasSubstr("does not commit"));
  EXPECT_THAT(help_of(waiting(wait_reason::store_slow)), HasSubstr("PostgreSQL"));
}

TEST(why_test, the_API_hangs) {
  EXPECT_THAT(text_of(waiting(wait_reason::api_slow, "orders")), AllOf(HasSubstr("no answer"), HasSubstr("orders")));
  EXPECT_THAT(help_of(waiting(wait_reason::api_slow)), HasSubstr("whoever runs the API"));
}

TEST(why_test, it_is_tried_again) {
  auto row = waiting(wait_reason::backing_off, "503");
  row.until = now + 90s;
  EXPECT_THAT(text_of(row), AllOf(HasSubstr("503"), HasSubstr("next in 1 min 30 s")));
  EXPECT_THAT(help_of(row), HasSubstr("last errors"));
}

TEST(why_test, its_last_run_ended_incomplete) {
  auto row = waiting(wait_reason::backing_off, "the API answered 500");
  row.until.reset();
  row.due = now + 90s;
  EXPECT_THAT(text_of(row), AllOf(HasSubstr("500"), HasSubstr("has been owed for 3 h 12 min"), HasSubstr("read again in 1 min 30 s")));
}

TEST(why_test, its_last_run_ended_incomplete_and_only_a_person_starts_another) {
  auto row = waiting(wait_reason::backing_off, "cursor_value: nothing is called 'jsn'");
  row.until.reset();
  row.due.reset();
  EXPECT_THAT(text_of(row), AllOf(HasSubstr("'jsn'"), HasSubstr("nothing reads it by itself")));
  EXPECT_THAT(help_of(row), HasSubstr("lode run trigger"));
}

TEST(why_test, it_is_not_heard) {
  EXPECT_THAT(text_of(waiting(wait_reason::not_heard, "the socket closed")), HasSubstr("not been heard for 3 h 12 min: the socket closed."));
  EXPECT_THAT(help_of(waiting(wait_reason::not_heard)), HasSubstr("repaired"));
}

TEST(why_test, nobody_has_its_shard) {
  EXPECT_THAT(text_of(waiting(wait_reason::moving)), HasSubstr("shard (5)"));
  EXPECT_THAT(help_of(waiting(wait_reason::moving)), HasSubstr("within seconds"));
}

TEST(why_test, a_person_paused_it) {
  auto row = waiting(wait_reason::paused, "holidays");
  EXPECT_THAT(text_of(row), AllOf(HasSubstr("Connection main was paused"), HasSubstr("holidays")));
  EXPECT_EQ(help_of(row), "lode connection resume acme main");
  row.is_held_by_tenant = true;
  EXPECT_THAT(text_of(row), HasSubstr("Tenant acme was paused"));
  EXPECT_EQ(help_of(row), "lode tenant resume acme");
}

TEST(why_test, it_needs_a_person) {
  EXPECT_THAT(text_of(waiting(wait_reason::suspended, "orders: 401")), HasSubstr("suspended for 3 h 12 min: orders: 401"));
  EXPECT_THAT(help_of(waiting(wait_reason::suspended)), HasSubstr("lode connection secrets acme main"));
}

TEST(why_test, a_wrong_configuration_is_put_again) {
  const auto row = waiting(wait_reason::suspended, "orders: url_base: no URL. Put the connection right (lode connection put) or its source");
  EXPECT_THAT(help_of(row), AllOf(HasSubstr("lode connection put acme main FILE"), HasSubstr("Then: lode connection resume acme main"),
                                  Not(HasSubstr("lode connection secrets"))));
}

TEST(why_test, what_is_stopped_is_not_late) {
  auto row = waiting(wait_reason::suspended);
  row.due = now - 7min;
  EXPECT_EQ(lateness_of(row, now), 7min);
  row.state = activity::suspended;
  EXPECT_EQ(lateness_of(row, now), 0s);
}

problem_group group(wait_reason reason, int64_t connections, instant since = now - 1h) {
  return {reason, "shop", connections, since, {waiting(reason, "401")}};
}

std::vector<std::string> ids(const store_overview& seen, const std::vector<std::string>& silent = {}) {
  std::vector<std::string> out;
  for (const auto& each : problems_of(seen, silent, now))
    out.push_back(std::string{name_of(each.grade)} + " " + each.id);
  return out;
}

TEST(problems_test, the_gravest_come_first_then_those_of_most) {
  store_overview seen;
  seen.groups = {group(wait_reason::quota, 400), group(wait_reason::api_slow, 3), group(wait_reason::backing_off, 30), group(wait_reason::suspended, 1)};
  EXPECT_THAT(ids(seen, {"n2"}), ElementsAre("critical suspended-shop", "critical node-silent-n2", "warning backing_off-shop", "warning api_slow-shop", "notice quota-shop"));
  auto first = problems_of(seen, {}, now).front();
  EXPECT_EQ(first.action, "secrets");
  EXPECT_EQ(first.detail, "401");
  EXPECT_EQ(first.examples.at(0).tenant, "acme");
  EXPECT_THAT(first.help, HasSubstr("secrets"));
}

TEST(problems_test, what_waits_for_its_turn_is_told_when_it_lasts) {
  store_overview seen;
  seen.groups = {group(wait_reason::queued, 9, now - 1min)};
  EXPECT_THAT(ids(seen), IsEmpty());
  seen.groups = {group(wait_reason::queued, 9, now - 6min)};
  EXPECT_THAT(ids(seen), ElementsAre("notice queued-shop"));
}

TEST(problems_test, held_deletes_stand_by_source_with_their_streams) {
  store_overview seen;
  seen.deletes = {{"acme", "main", "orders", "shop", now - 1h, "too many"}, {"acme", "main", "posts", "shop", now - 2h, "too many"}};
  auto found = problems_of(seen, {}, now);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].action, "confirm_deletes");
  EXPECT_EQ(found[0].tenants, 2);
  EXPECT_EQ(*found[0].since, now - 2h);
  EXPECT_EQ(found[0].examples.at(0).detail, "orders");
}

TEST(problems_test, a_sink_that_fails_is_told_and_a_suspended_one_is_graver) {
  sink_standing fails, stopped, paused, well;
  fails.sink.name = "lake";
  fails.failing_since = now - 1h;
  fails.error = "no route";
  stopped.sink = {{}, 1, "old", "jsonl", {}, "", activity::suspended, "the feed was trimmed"};
  paused = fails;
  paused.sink.state = activity::paused;
  auto found = problems_of({}, {}, now, {well, paused, fails, stopped});
  ASSERT_EQ(found.size(), 2u) << "what a person has paused is no problem";
  EXPECT_EQ(found[0].id, "sink-suspended-old");
  EXPECT_EQ(found[0].grade, severity::critical);
  EXPECT_EQ(found[0].detail, "the feed was trimmed");
  EXPECT_EQ(found[1].id, "sink-fails-lake");
  EXPECT_EQ(found[1].detail, "no route");
  EXPECT_EQ(found[1].since, now - 1h);
}

TEST(problems_test, shards_without_a_node_concern_those_who_move) {
  store_overview seen;
  seen.shards_without_node = 12;
  seen.groups = {group(wait_reason::moving, 40)};
  auto found = problems_of(seen, {}, now);
  EXPECT_EQ(found.at(0).id, "shards-without-node");
  EXPECT_EQ(found.at(0).tenants, 40);
  EXPECT_EQ(*found.at(0).since, now - 1h);
}

TEST(problems_test, sinks_that_need_somebody_are_told_and_those_that_were_paused_are_not) {
  sink_standing fails, suspended, paused;
  fails.sink.name = "lake";
  fails.failing_since = now - 1h;
  fails.error = "the disk is full";
  suspended.sink.name = "old";
  suspended.sink.state = activity::suspended;
  paused.sink.state = activity::paused;
  paused.failing_since = now - 1h;
  auto found = problems_of({}, {}, now, {fails, sink_standing{}, suspended, paused});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].id, "sink-suspended-old");
  EXPECT_EQ(found[1].detail, "the disk is full");
  EXPECT_EQ(*found[1].since, now - 1h);
}

} // namespace

} // namespace lode
