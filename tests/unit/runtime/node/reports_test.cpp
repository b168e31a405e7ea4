#include "runtime/node/reports.hpp"

#include <boost/json.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/prometheus_text.hpp"
#include "runtime/telemetry/trace_id.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
namespace json = boost::json;

namespace {

/// The reports of a node, with its metrics and its log where the test can see them.
struct reports_test : testing::Test {
  reports_test() {
    start_log({log_level::info, log_format::json}, &log);
    resources.measured = &measured;
  }
  ~reports_test() override { start_log({}); }

  /// The one line that an event leaves.
  json::object line_of(run_event event, const run_subject& subject, const std::string& detail = "why") {
    log.str({});
    event_report(resources)(event, subject, detail);
    auto text = log.str();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
    return json::parse(text.substr(0, text.find('\n'))).as_object();
  }

  std::string metrics_text() const { return prometheus_text(registry); }

  std::ostringstream log;
  caf::telemetry::metric_registry registry;
  metrics measured{registry, {default_miner}};
  mining_resources resources;
  connection_pointer connection = item_connection(1, item_plan());
};

std::string text_in(const json::object& line, const char* key) {
  auto* found = line.if_contains(key);
  return found && found->is_string() ? std::string{found->as_string()} : std::string{};
}

constexpr std::array all_events{
  run_event::begun,           run_event::resumed,     run_event::page_retried, run_event::page_waits,
  run_event::page_lost,       run_event::page_failed, run_event::records_died, run_event::stream_stopped, run_event::not_swept,
  run_event::miner_restarted, run_event::left_open,   run_event::finished,     run_event::incomplete,
  run_event::cancelled,       run_event::suspended};

} // namespace

TEST_F(reports_test, an_outage_that_several_notice_is_counted_once_and_logged_as_it_begins_and_as_it_is_over) {
  resources.health.tell([this](bool is_out, const std::string& why) { report_outage(measured, is_out, why); });
  log.str({});
  resources.health.outage_begins("the server is closed");
  resources.health.outage_begins("connection refused");
  resources.health.outage_ends();
  EXPECT_TRUE(resources.health.is_out());
  resources.health.outage_ends();
  EXPECT_FALSE(resources.health.is_out());
  EXPECT_THAT(metrics_text(), HasSubstr("store_outages_total 1"));
  const auto said = log.str();
  EXPECT_EQ(std::ranges::count(said, '\n'), 2) << said;
  EXPECT_THAT(said, HasSubstr("the server is closed"));
}

TEST_F(reports_test, every_line_about_a_run_names_tenant_connection_stream_run_and_trace) {
  for (auto event : all_events) {
    auto line = line_of(event, connection->about(run_id{7}, stream_id{100}));
    EXPECT_EQ(text_in(line, "tenant"), "tenant1") << line;
    EXPECT_EQ(text_in(line, "connection"), "items") << line;
    EXPECT_EQ(text_in(line, "stream"), "items") << line;
    EXPECT_EQ(line.at("run"), json::value(7)) << line;
    EXPECT_EQ(text_in(line, "trace"), trace_id_of(connection->store_generation, run_id{7})) << line;
    EXPECT_THAT(text_in(line, "message"), HasSubstr(": why"));
  }
}

TEST_F(reports_test, what_concerns_no_stream_or_no_run_leaves_it_out) {
  auto line = line_of(run_event::finished, connection->about(run_id{7}), "");
  EXPECT_FALSE(line.contains("stream"));
  EXPECT_EQ(text_in(line, "message"), "run finished");
  line = line_of(run_event::suspended, connection->about({}));
  EXPECT_EQ(text_in(line, "tenant"), "tenant1");
  EXPECT_FALSE(line.contains("run"));
  EXPECT_FALSE(line.contains("trace"));
}

TEST_F(reports_test, a_trace_is_never_made_up_where_the_store_is_not_known) {
  EXPECT_FALSE(line_of(run_event::cancelled, {"acme", "crm", {}, run_id{7}, 0}).contains("trace"));
}

TEST_F(reports_test, what_needs_a_person_is_a_warning_and_the_course_of_a_run_is_not) {
  EXPECT_EQ(text_in(line_of(run_event::suspended, connection->about({})), "level"), "warning");
  EXPECT_EQ(text_in(line_of(run_event::incomplete, connection->about({})), "level"), "warning");
  EXPECT_EQ(text_in(line_of(run_event::page_retried, connection->about({})), "level"), "info");
}

TEST_F(reports_test, a_credential_in_what_an_api_said_does_not_reach_the_log) {
  line_of(run_event::page_failed, connection->about(run_id{7}), "GET https://api.test/x?access_token=hunter2 answered 500");
  EXPECT_THAT(log.str(), Not(HasSubstr("hunter2")));
}

TEST_F(reports_test, events_are_counted_whatever_the_log_level_is) {
  start_log({log_level::error, log_format::json}, &log);
  for (auto event : all_events)
    event_report(resources)(event, connection->about({}), "");
  EXPECT_THAT(log.str(), IsEmpty());
  for (const auto* name : {"lode_connections_suspended_total", "lode_miner_restarts_total", "lode_pages_lost_in_process_total"})
    EXPECT_THAT(metrics_text(), HasSubstr(std::string{name} + " 1\n"));
}

TEST_F(reports_test, what_Redis_was_asked_and_whether_it_helps_is_counted) {
  measured.redis_in_use->value(2);
  auto report = writer_report(resources);
  report.redis_used({.calls = 5, .failures = 2, .hits = 30, .misses = 4});
  report.redis("away");
  auto text = metrics_text();
  for (const auto* line : {"lode_redis_calls_total{result=\"ok\"} 3\n", "lode_redis_calls_total{result=\"failed\"} 2\n",
                           "lode_redis_facts_total{result=\"hit\"} 30\n", "lode_redis_facts_total{result=\"miss\"} 4\n", "lode_redis_in_use 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
  report.redis("");
  EXPECT_THAT(metrics_text(), HasSubstr("lode_redis_in_use 2\n"));
}

TEST_F(reports_test, a_group_counts_as_committed_only_when_it_is) {
  auto report = writer_report(resources);
  for (auto outcome : {group_outcome::refused, group_outcome::split, group_outcome::timed_out, group_outcome::unavailable,
                       group_outcome::unknown})
    report.group(outcome, 1ms);
  auto text = metrics_text();
  for (const auto* outcome : {"refused", "split", "timed_out", "unavailable", "unknown"})
    EXPECT_THAT(text, HasSubstr("lode_commit_groups_total{outcome=\"" + std::string{outcome} + "\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("lode_commit_groups_total{outcome=\"committed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("lode_commit_time_seconds_count 0")) << "how long a refusal takes says nothing of commits";
  report.group(group_outcome::committed, 1ms);
  EXPECT_THAT(metrics_text(), HasSubstr("lode_commit_groups_total{outcome=\"committed\"} 1\n"));
  EXPECT_THAT(metrics_text(), HasSubstr("lode_commit_time_seconds_count 1"));
}
